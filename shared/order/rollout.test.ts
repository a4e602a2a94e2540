import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_DEVICES, NO_REPORTS, type RolloutFacts, rolloutSentence, rolloutState } from './rollout.ts';
import { ROLLOUT_STATES, type RolloutPhase } from './rollout-states.ts';

const ANNOUNCED: RolloutFacts = { ...NO_REPORTS, phase: 'announced', enrolled: true, connected: true, denied: true };

describe('the state of a device', () => {
  it.each<[string, Partial<RolloutFacts>, string]>([
    ['is connected and has answered nothing', {}, 'undelivered'],
    ['stored the revision', { delivered: true }, 'delivered'],
    ['displayed it', { delivered: true, displayed: true }, 'displayed'],
    ['is offline without it', { connected: false }, 'offline_undelivered'],
    ['is offline with it', { connected: false, delivered: true, displayed: true }, 'offline_delivered'],
    ['enforces and is offline', { connected: false, delivered: true, closed: true }, 'enforced'],
    ['enforced, and left the area', { denied: false, closed: true }, 'enforced'],
    ['enforced, left and restored', { denied: false, opened: true }, 'restored'],
    ['restored, and is denied again', { delivered: true, opened: true }, 'delivered'],
    ['left before it enforced', { denied: false, delivered: true }, 'unaffected'],
    ['gave an invalid receipt', { refused: true }, 'invalid_receipt'],
    ['gave an invalid receipt and a valid one', { refused: true, delivered: true }, 'delivered'],
    ['ended its enrollment', { enrolled: false, connected: false, closed: true }, 'unenrolled'],
    ['does not know that it is over', { phase: 'over', denied: false }, 'undelivered'],
    ['knows that it is over', { phase: 'over', denied: false, delivered: true }, 'unaffected'],
    ['is offline when it is over', { phase: 'over', denied: false, connected: false }, 'offline_undelivered'],
    ['still enforces when it is over', { phase: 'over', denied: false, delivered: true, closed: true }, 'enforced'],
    ['restored when it is over', { phase: 'over', denied: false, delivered: true, opened: true }, 'restored'],
  ])('that %s', (_, facts, state) => {
    expect(rolloutState({ ...ANNOUNCED, ...facts })).toBe(state);
  });
});

const EVENTS = [
  'connect',
  'disconnect',
  'deliver',
  'display',
  'enforce',
  'restore',
  'refuse',
  'leave',
  'return',
  'revoke',
] as const;
type Mutable = { -readonly [K in keyof RolloutFacts]: RolloutFacts[K] };

const CHANGES: Readonly<Record<string, (device: Mutable) => void>> = {
  connect: (device) => Object.assign(device, { connected: device.enrolled }),
  disconnect: (device) => Object.assign(device, { connected: false }),
  deliver: (device) => Object.assign(device, { delivered: true }),
  display: (device) => Object.assign(device, { delivered: true, displayed: true }),
  enforce: (device) => Object.assign(device, { closed: true, opened: false }),
  restore: (device) => Object.assign(device, { closed: false, opened: device.closed || device.opened }),
  refuse: (device) => Object.assign(device, { refused: true }),
  leave: (device) => Object.assign(device, { denied: false }),
  return: (device) => Object.assign(device, { denied: device.phase !== 'over' }),
  revoke: (device) => Object.assign(device, { enrolled: false, connected: false }),
};

describe('the states of all devices', () => {
  it('always add up to the number of affected devices', () => {
    const phases = fc.constantFrom<RolloutPhase>('announced', 'active', 'over');
    const event = fc.oneof(
      { weight: 9, arbitrary: fc.record({ device: fc.nat(5), event: fc.constantFrom(...EVENTS) }) },
      { weight: 1, arbitrary: fc.record({ phase: phases }) },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (history) => {
        const fleet: Mutable[] = Array.from({ length: 6 }, () => ({ ...ANNOUNCED }));
        for (const step of history) {
          if ('event' in step) {
            const device = fleet[step.device];
            if (device) CHANGES[step.event]?.(device);
          } else {
            // A new revision: nobody has stored it yet.
            const adopted = { phase: step.phase, delivered: false, displayed: false };
            for (const device of fleet) Object.assign(device, adopted, step.phase === 'over' && { denied: false });
          }
          const states = { ...NO_DEVICES };
          for (const device of fleet) states[rolloutState(device)] += 1;
          expect(ROLLOUT_STATES.reduce((sum, state) => sum + states[state], 0)).toBe(fleet.length);
          const enrolled = fleet.filter((device) => device.enrolled);
          expect(states.enforced).toBe(enrolled.filter(({ closed }) => closed).length);
          const offline = states.offline_delivered + states.offline_undelivered;
          expect(offline).toBeLessThanOrEqual(enrolled.filter(({ connected }) => !connected).length);
          const said = rolloutSentence({ revision: 1, phase: fleet[0]?.phase ?? null, total: fleet.length, states });
          expect(said.includes('offline')).toBe(offline > 0);
          if (said.startsWith('Every connected device holds')) expect(states.undelivered).toBe(0);
          if (said.startsWith('Every affected device enforces')) expect(offline + states.undelivered).toBe(0);
        }
      }),
    );
  });
});

describe('the sentence', () => {
  it.each<[string, RolloutPhase, Partial<typeof NO_DEVICES>, string]>([
    [
      'names the offline devices beside the devices that have stored the order',
      'announced',
      { delivered: 33, offline_undelivered: 3 },
      'Every connected device has stored the order: 33 devices. 3 devices are offline and have not received the newest revision.',
    ],
    [
      'names the offline devices when the order takes effect',
      'active',
      { enforced: 33, offline_delivered: 2, offline_undelivered: 1 },
      '33 devices enforce the order. 3 devices are offline: 2 with the newest revision, 1 without it.',
    ],
    [
      'counts the devices that have stored the order',
      'announced',
      { delivered: 1, undelivered: 2 },
      '1 of 3 connected devices have stored the order.',
    ],
    ['is whole', 'active', { enforced: 36 }, 'Every affected device enforces the order: 36 devices.'],
    [
      'counts the remaining devices',
      'active',
      { enforced: 30, displayed: 6 },
      '30 devices enforce the order, and 6 connected devices have not confirmed.',
    ],
    ['waits for the end', 'over', { restored: 30, enforced: 6 }, '6 devices have not confirmed the end of the order.'],
    ['ends', 'over', { restored: 36 }, 'Service is restored on every device that reported a block: 36 devices.'],
  ])('%s', (_, phase, some, said) => {
    const states = { ...NO_DEVICES, ...some };
    const total = ROLLOUT_STATES.reduce((sum, state) => sum + states[state], 0);
    expect(rolloutSentence({ revision: 1, phase, total, states })).toBe(said);
  });
});
