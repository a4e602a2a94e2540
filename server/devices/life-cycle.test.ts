import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterEvent,
  LIFE_CYCLE_STATES,
  type LifeCycleEvent,
  type LifeCycleFacts,
  type LifeCycleState,
  lifeCycleOf,
  REFUSALS,
  refusalOf,
  TRANSITIONS,
} from './life-cycle.ts';

const ENROLLED: LifeCycleFacts = {
  status: 'active',
  workspace: 'open',
  missing: false,
  retired: false,
  underLegalHold: false,
};
const FACTS: Readonly<Record<LifeCycleState, LifeCycleFacts | null>> = {
  active: ENROLLED,
  locked: { ...ENROLLED, workspace: 'locked' },
  wiped: { ...ENROLLED, workspace: 'wiped' },
  missing: { ...ENROLLED, workspace: 'locked', missing: true },
  ended: { ...ENROLLED, status: 'revoked' },
  retired: { ...ENROLLED, status: 'unenrolled', retired: true },
  deleted: null,
};
const EVENTS = Object.keys(TRANSITIONS) as LifeCycleEvent[];

/** Next state of each allowed event, and the reason of each refused one. */
const TABLE = `
event        active        locked        wiped         missing         ended        retired         deleted
enroll       active        active        active        active          active       active          deleted!
command      active        locked        wiped         missing         not-enrolled not-enrolled    deleted!
lock         locked        locked        wiped         missing         not-enrolled not-enrolled    deleted!
unlock       active        active        active        missing         not-enrolled not-enrolled    deleted!
wipe         wiped         wiped         wiped         missing         not-enrolled not-enrolled    deleted!
mark-missing missing       missing       missing       already-missing not-enrolled not-enrolled    deleted!
mark-found   not-missing   not-missing   not-missing   locked          not-enrolled not-enrolled    deleted!
revoke       ended         ended         ended         ended           not-enrolled not-enrolled    deleted!
unenroll     ended         ended         ended         ended           not-enrolled not-enrolled    deleted!
retire       retired       retired       retired       retired         retired      already-retired deleted!
delete       not-retired   not-retired   not-retired   not-retired     not-retired  deleted         deleted!`;

const rows = TABLE.trim()
  .split('\n')
  .map((line) => line.split(/\s+/));
const [head = [], ...lines] = rows;

describe('life cycle', () => {
  it('has the facts of each state in this test', () => {
    for (const state of LIFE_CYCLE_STATES) expect(lifeCycleOf(FACTS[state])).toBe(state);
    expect(head.slice(1)).toEqual([...LIFE_CYCLE_STATES]);
    expect(lines.map(([event]) => event)).toEqual(EVENTS);
  });

  it.each(lines.map((cells) => [cells[0] as LifeCycleEvent, cells.slice(1)] as const))('%s', (event, cells) => {
    const found = LIFE_CYCLE_STATES.map((state) => {
      const refused = refusalOf(FACTS[state], event);
      if (refused !== null) return refused === 'deleted' ? 'deleted!' : refused;
      return lifeCycleOf(afterEvent(FACTS[state], event));
    });
    expect(found).toEqual(cells);
  });

  it('keeps the data of a device under a legal hold, and still ends its certificates', () => {
    const held = { ...ENROLLED, underLegalHold: true };
    for (const event of ['enroll', 'wipe', 'unenroll'] as const) expect(refusalOf(held, event)).toBe('legal-hold');
    for (const event of ['lock', 'mark-missing', 'revoke', 'retire'] as const)
      expect(refusalOf(held, event)).toBeNull();
    expect(refusalOf({ ...held, status: 'revoked', retired: true }, 'delete')).toBe('legal-hold');
  });

  it('loses no transition: marks of admins and reports of the device do not overwrite each other', () => {
    const event = fc.constantFrom(...EVENTS);
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), (events, underLegalHold) => {
        let facts: LifeCycleFacts | null = { ...ENROLLED, underLegalHold };
        for (const one of events) {
          const before: LifeCycleFacts | null = facts;
          const refused = refusalOf(before, one);
          facts = afterEvent(before, one);
          if (refused !== null) {
            expect(facts).toBe(before);
            expect(REFUSALS[refused]).toMatch(/\.$/);
            continue;
          }
          if (before === null || facts === null) {
            expect([one, before?.retired, before?.underLegalHold]).toEqual(['delete', true, false]);
            continue;
          }
          const report = one === 'lock' || one === 'unlock' || one === 'wipe';
          if (report) expect({ ...facts, workspace: null }).toEqual({ ...before, workspace: null });
          if (one === 'mark-missing' || one === 'mark-found') expect(facts.workspace).toBe(before.workspace);
          // A mark ends only with the enrollment, and only an admin's decision retires a device.
          if (facts.missing) expect(facts.status).toBe('active');
          if (facts.retired && !before.retired) expect(one).toBe('retire');
          // The certificate of a retired device has ended, and only a new enrollment brings the device back.
          if (facts.retired) expect(facts.status).not.toBe('active');
          if (before.retired && !facts.retired) expect(one).toBe('enroll');
        }
      }),
    );
  });
});
