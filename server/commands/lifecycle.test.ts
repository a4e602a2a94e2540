import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMAND_EVENTS, COMMAND_STATES, type CommandState, movedBy, type Step, step } from './lifecycle.ts';

// state → [stored, done, failed, expired, withdrawn, lapse, cancel, ended]; '=' keeps the state, '!' is refused.
const TABLE: Record<CommandState, string> = {
  queued: 'stored done failed expired canceled expired canceled canceled',
  stored: '= done failed expired canceled expired ! canceled',
  done: '= = = = = = ! =',
  failed: '= = = = = = ! =',
  expired: '= done failed = = = ! =',
  canceled: '= done failed = = = = =',
};

describe('the lifecycle of a command', () => {
  for (const state of COMMAND_STATES) {
    TABLE[state].split(' ').forEach((cell, index) => {
      const event = COMMAND_EVENTS[index]!;
      const expected: Step | string = cell === '=' ? state : cell === '!' ? 'refuse' : cell;
      it(`${state} × ${event} → ${expected}`, () => expect(step(state, event)).toBe(expected));
    });
  }

  it('never leaves a final state that the device reported', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...COMMAND_EVENTS), { maxLength: 30 }), (events) => {
        let state: CommandState = 'queued';
        let reported: CommandState | null = null;
        for (const event of events) {
          const next = step(state, event);
          if (next !== 'refuse') state = next;
          if (reported === null && (event === 'done' || event === 'failed')) reported = event;
          if (reported !== null) expect(state).toBe(reported);
          expect(state).not.toBe('queued');
        }
      }),
    );
  });

  it('names the states that an update may change', () => {
    expect(movedBy('cancel')).toEqual(['queued']);
    expect(movedBy('lapse')).toEqual(['queued', 'stored']);
    expect(movedBy('ended')).toEqual(['queued', 'stored']);
    expect(movedBy('stored')).toEqual(['queued']);
    expect(movedBy('done')).toEqual(['queued', 'stored', 'expired', 'canceled']);
  });
});
