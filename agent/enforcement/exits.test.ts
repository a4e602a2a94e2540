import { describe, expect, it } from 'vitest';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import type { Envelope, Revision } from '../../shared/order/documents.ts';
import {
  ada,
  approverSet,
  ben,
  DAY,
  EFFECTIVE,
  enforcedDevice,
  HOUR,
  listOf,
  order,
  recordOf,
} from '../../tests/support/enforced-device.ts';
import { NOW, revisionDocument, signedRevision, TERMS } from '../../tests/support/signed-documents.ts';

const device = enforcedDevice();
const { open, receipts } = device;

describe('an exit', () => {
  const leaving = { mode: 'exit', exportWindow: 'P30D' } as const;
  const OVER = EFFECTIVE + 30 * DAY;
  const first = order(leaving);
  const exitOf = (changes: Partial<Revision> = {}, signers = [ada, ben]) =>
    signedRevision(
      revisionDocument({
        revision: 2,
        previous: first.digest,
        action: 'exit',
        proposedAt: new Date(OVER).toISOString(),
        terms: { ...TERMS, nexus: ['home'], ...leaving },
        ...changes,
      }),
      signers,
    );
  const listAt = (at: number, version: number, orders: Envelope[]) =>
    listOf(orders, {
      version,
      issuedAt: new Date(at).toISOString(),
      expiresAt: new Date(at + 7 * DAY).toISOString(),
    }).envelope;
  /** Makes a device that an order has denied since its effective time, and that receives the given exit after the export window. */
  function afterTheWindow(exit: Envelope, record = recordOf()) {
    const made = open();
    made.enforcement.accept.approverSets([approverSet.envelope]);
    made.enforcement.accept.record(record);
    made.enforcement.accept.list(listAt(NOW, 1, [first]));
    device.box.pass(OVER - NOW);
    made.clock.authenticate(OVER);
    made.enforcement.accept.list(listAt(OVER, 3, [exit]));
    return made;
  }

  it('is due after the export window, also after a restart, until it is completed with a receipt', () => {
    const { enforcement } = afterTheWindow(exitOf());
    expect(enforcement.exits.dueExit()).toEqual({ order: '2015-001', revision: 2 });
    const again = open().enforcement;
    again.settle();
    again.exits.complete({ order: '2015-001', revision: 2 });
    again.settle();
    expect(again.exits.dueExit()).toBeNull();
    expect(again.exits.completed()).toEqual([{ order: '2015-001', revision: 2, at: OVER }]);
    expect(receipts().filter((each) => each.startsWith('wiped'))).toEqual(['wiped 2015-001']);
  });

  it.each([
    ['only one person has signed the exit', exitOf({}, [ada]), recordOf()],
    ['only the proposer and one more person have signed the exit', exitOf({ proposer: 'ada' }), recordOf()],
    [
      'the exit was proposed within the export window',
      exitOf({ proposedAt: new Date(OVER - 1).toISOString() }),
      recordOf(),
    ],
    ['the device is under a legal hold', exitOf(), recordOf({ legalHold: true })],
    ['the order does not affect the device', exitOf(), recordOf({ home: 'SE' })],
    [
      'the order was paused after the exit',
      exitOf({ action: 'pause', status: 'paused', pausedSince: new Date(OVER).toISOString() }),
      recordOf(),
    ],
    ['the order was withdrawn after the exit', exitOf({ action: 'withdraw', status: 'withdrawn' }), recordOf()],
  ])('is not due: %s', (_, exit, record) => {
    expect(afterTheWindow(exit, record).enforcement.exits.dueExit()).toBeNull();
  });

  it('starts a separate window for a device that the order affects later', () => {
    const exit = exitOf();
    const { enforcement, clock } = afterTheWindow(exit, recordOf({ home: 'SE' }));
    enforcement.accept.record(recordOf({ version: 2 }));
    expect(enforcement.exits.dueExit()).toBeNull();
    const own = OVER + 30 * DAY;
    for (const at of [own - DAY, own]) {
      device.box.pass(at - clock.now());
      clock.authenticate(at);
      enforcement.accept.list(listAt(at, 2 * Math.round(at / DAY), [exit]));
      expect(enforcement.exits.dueExit() !== null).toBe(at === own);
    }
  });

  it.each([
    ['served by a network of the order’s country', 'PK', true],
    ['certainly in the neighboring country', 'IN', false],
  ])('for the nexus “network”, for a device that is %s (%s), wipes the workspace: %s', (_, area, wiped) => {
    const made = open();
    made.enforcement.accept.approverSets([approverSet.envelope]);
    made.enforcement.accept.record(recordOf({ home: 'IN' }));
    const terms = { ...TERMS, nexus: ['network' as const], ...leaving, exportWindow: 'PT1H' };
    const over = EFFECTIVE + HOUR;
    const before = order(terms);
    made.enforcement.accept.list(listAt(NOW, 1, [before]));
    device.box.pass(EFFECTIVE - NOW);
    made.clock.authenticate(EFFECTIVE);
    made.enforcement.evidence.observe([
      { source: 'position', areas: [parseHomeArea(area)], at: EFFECTIVE, whole: true },
      { source: 'network', areas: [parseHomeArea('PK')], at: EFFECTIVE },
    ]);
    expect(made.shut('mail')).toBe(true);
    device.box.pass(HOUR);
    made.clock.authenticate(over);
    const exit = exitOf({ previous: before.digest, proposedAt: new Date(over).toISOString(), terms });
    made.enforcement.accept.list(listAt(over, 3, [exit]));
    expect(made.enforcement.exits.dueExit() !== null).toBe(wiped);
  });

  it('does not end the window early when a clock is ahead', () => {
    const made = open();
    made.enforcement.accept.approverSets([approverSet.envelope]);
    made.enforcement.accept.record(recordOf());
    made.enforcement.accept.list(listAt(EFFECTIVE, 1, [first]));
    device.box.pass(400 * DAY);
    made.enforcement.accept.list(listAt(OVER - DAY, 3, [exitOf()]));
    made.enforcement.settle();
    expect(made.enforcement.exits.dueExit()).toBeNull();
  });
});
