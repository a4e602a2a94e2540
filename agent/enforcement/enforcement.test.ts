import { describe, expect, it } from 'vitest';
import { commitmentOf, newSalt } from '../../shared/order/exemption.ts';
import {
  ada,
  approverSet,
  ben,
  DAY,
  DEVICE,
  EFFECTIVE,
  enforcedDevice,
  HOUR,
  listOf,
  online,
  recordOf,
} from '../../tests/support/enforced-device.ts';
import { NOW, revisionDocument, signedRevision, TERMS } from '../../tests/support/signed-documents.ts';
import { observationsOf } from '../evidence/sensors.ts';

const device = enforcedDevice();
const { open, enrolled, reports, alerts, receipts } = device;

describe('enforcement', () => {
  it('delivers nothing before list and record are stored, and does not close the link', () => {
    const { enforcement, shut } = open();
    enforcement.settle();
    expect([shut('messaging'), shut('mail'), shut('management')]).toEqual([true, true, false]);
    enforcement.accept.approverSets([approverSet.envelope]);
    enforcement.accept.list(listOf([]).envelope);
    expect(shut('messaging')).toBe(true);
    enforcement.accept.record(recordOf());
    expect([shut('messaging'), shut('mail')]).toEqual([false, false]);
    expect(receipts()).toEqual([]);
  });

  it('closes and opens gates at the order’s times while offline, and signs receipts', () => {
    const { shut } = enrolled({ until: new Date(EFFECTIVE + 5 * DAY).toISOString() });
    expect(shut('mail')).toBe(false);
    device.box.pass(EFFECTIVE - NOW - HOUR - 1);
    expect(shut('mail')).toBe(false);
    device.box.pass(1);
    expect([shut('mail'), shut('messaging'), shut('management')]).toEqual([true, true, false]);
    device.box.pass(5 * DAY);
    expect(shut('mail')).toBe(false);
    expect(receipts()).toEqual([
      'delivered 2015-001',
      'enforced 2015-001 messaging closed',
      'enforced 2015-001 mail closed',
      'restored 2015-001 messaging open',
      'restored 2015-001 mail open',
    ]);
  });

  it('accepts only a commitment that the approvers signed', () => {
    const salt = newSalt();
    const exempt = [{ commitment: commitmentOf(salt, DEVICE), until: null }];
    const { enforcement, clock, shut } = open();
    enforcement.accept.approverSets([approverSet.envelope]);
    const document = revisionDocument({ terms: { ...TERMS, nexus: ['home'] }, exempt });
    enforcement.accept.list(listOf([signedRevision(document, [ada, ben])]).envelope);
    enforcement.accept.record(recordOf({ exemptions: [{ order: '2015-001', salt: newSalt() }] }));
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(true);
    enforcement.accept.record(recordOf({ version: 2, exemptions: [{ order: '2015-001', salt }] }));
    expect(shut('mail')).toBe(false);
  });

  it('reports a position only as areas', async () => {
    const { enforcement, clock, shut } = enrolled({ nexus: ['present'] });
    clock.authenticate(EFFECTIVE);
    const lahore = { latitude: 31.5497, longitude: 74.3436, accuracy: 50 };
    enforcement.evidence.observe(await observationsOf({ position: lahore, network: '410' }, clock.now()));
    expect(shut('messaging')).toBe(true);
    const reported = JSON.stringify(reports().filter(({ type }) => type === 'evidence'));
    expect(reported).toContain('"areas":["PK-PB"]');
    expect(reported).toContain('"areas":["PK"]');
    expect(reported).not.toContain('31.5');
  });

  it('compares its position with the order’s polygon, and reports only the result', async () => {
    const rings = [[74_200_000, 31_400_000, 74_450_000, 31_400_000, 74_450_000, 31_650_000, 74_200_000, 31_650_000]];
    const polygons = { 'XZ-lahore': { version: 3, title: 'Lahore', rings, touches: ['PK'] } };
    const { enforcement, clock, shut } = enrolled({
      areas: ['XZ-lahore'],
      polygons,
      nexus: ['present'],
      contested: 'deny',
    });
    const sense = async (latitude: number, longitude: number) => {
      clock.authenticate(clock.now() + HOUR);
      const position = { latitude, longitude, accuracy: 50 };
      enforcement.evidence.observe(
        await observationsOf({ position, network: null }, clock.now(), enforcement.polygons()),
      );
    };
    clock.authenticate(EFFECTIVE);
    expect(enforcement.polygons().map(({ code }) => code)).toEqual(['XZ-lahore@3']);
    enforcement.evidence.observe(await observationsOf({ position: null, network: '410' }, clock.now()));
    expect([shut('messaging'), enforcement.verdict?.services.messaging.reasons]).toEqual([true, ['contested']]);
    await sense(31.42, 73.09);
    expect(shut('messaging')).toBe(false);
    await sense(31.5497, 74.3436);
    expect([shut('messaging'), enforcement.verdict?.services.messaging.reasons]).toEqual([true, ['present']]);
    const reported = JSON.stringify(reports().filter(({ type }) => type === 'evidence'));
    expect(reported).toContain('"areas":["PK-PB!XZ-lahore@3"]');
    expect(reported).toContain('"areas":["PK-PB+XZ-lahore@3"]');
    expect(reported).not.toContain('31.5');
  });

  it('ignores polygons of ended orders, so that they do not use up the limit', async () => {
    const ring = (west: number) => [
      west,
      31_400_000,
      west + 250_000,
      31_400_000,
      west + 250_000,
      31_650_000,
      west,
      31_650_000,
    ];
    const drawn = (number: string, code: string, west: number, until: number | null) => {
      const polygons = { [code]: { version: 1, title: code, rings: [ring(west)], touches: ['PK'] } };
      const ends = until === null ? null : new Date(until).toISOString();
      const terms = { ...TERMS, areas: [code], polygons, nexus: ['present' as const], until: ends };
      return signedRevision(revisionDocument({ order: number, terms }), [ada, ben]);
    };
    const over = Array.from({ length: 16 }, (_, index) =>
      drawn(`2015-1${index + 10}`, `XZ-a${index}`, 60_000_000 + index * 500_000, EFFECTIVE + HOUR),
    );
    const { enforcement, clock } = open();
    enforcement.accept.approverSets([approverSet.envelope]);
    enforcement.accept.list(listOf([drawn('2015-001', 'XZ-lahore', 74_200_000, null), ...over]).envelope);
    enforcement.accept.record(recordOf());
    const reasons = async () => {
      const position = { latitude: 31.5497, longitude: 74.3436, accuracy: 50 };
      enforcement.evidence.observe(
        await observationsOf({ position, network: null }, clock.now(), enforcement.polygons()),
      );
      return enforcement.verdict?.services.messaging.reasons;
    };
    clock.authenticate(EFFECTIVE + HOUR - 1);
    expect([enforcement.polygons().length, await reasons()]).toEqual([17, ['contested']]);
    clock.authenticate(EFFECTIVE + HOUR);
    expect(enforcement.polygons().map(({ code }) => code)).toEqual(['XZ-lahore@1']);
    expect(await reasons()).toEqual(['present']);
  });

  it('case 24: refuses a lower version and a list of another installation, and raises an alert', () => {
    const { enforcement, first, list, clock, shut } = enrolled();
    const second = listOf([first], { version: 2, previous: list.hash });
    enforcement.accept.list(second.envelope);
    expect(() => enforcement.accept.list(list.envelope)).toThrow(expect.objectContaining({ code: 'list_older' }));
    const foreign = listOf([], { version: 3, installation: 'ins_other' });
    expect(() => enforcement.accept.list(foreign.envelope)).toThrow(
      expect.objectContaining({ code: 'list_other_installation' }),
    );
    const forked = listOf([], { version: 2, previous: list.hash });
    expect(() => enforcement.accept.list(forked.envelope)).toThrow(expect.objectContaining({ code: 'list_forked' }));
    expect(enforcement.documents.list?.version).toBe(2);
    expect(alerts()).toEqual(['list_older', 'list_other_installation', 'list_forked']);
    expect(() => enforcement.accept.list(list.envelope)).toThrow();
    expect(alerts()).toHaveLength(3);
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(true);
  });

  it('keeps an order that a list lacks, also after a restart, and raises an alert', () => {
    const { enforcement, list } = enrolled();
    enforcement.accept.list(listOf([], { version: 2, previous: list.hash }).envelope);
    expect(alerts()).toEqual(['order_missing']);
    const again = open();
    again.clock.authenticate(EFFECTIVE);
    again.enforcement.settle();
    expect(again.shut('mail')).toBe(true);
  });

  it('refuses an order that one approver and the server’s online key have signed', () => {
    const { enforcement, clock, shut } = open();
    enforcement.accept.approverSets([approverSet.envelope]);
    const forged = signedRevision(revisionDocument({ terms: { ...TERMS, nexus: ['home'] } }), [
      ada,
      { person: 'server', key: online },
    ]);
    enforcement.accept.list(listOf([forged]).envelope);
    enforcement.accept.record(recordOf());
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(false);
    expect(alerts()).toContain('order_unverified');
  });

  it('case 28: a changed wall clock neither starts nor ends an order', () => {
    const { shut, clock, enforcement } = enrolled();
    device.box.turnWall(400 * DAY);
    device.box.pass(HOUR);
    expect(shut('mail')).toBe(false);
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(true);
    device.box.turnWall(-4000 * DAY);
    device.box.reboot();
    const again = open();
    again.enforcement.settle();
    expect(again.shut('mail')).toBe(true);
  });

  it('case 59: after a reboot with a clock years ahead, an order more than seven days away has not started', () => {
    enrolled();
    device.box.turnWall(3650 * DAY);
    device.box.reboot();
    const { enforcement, clock, shut } = open();
    enforcement.settle();
    expect(clock.now()).toBe(NOW + HOUR + 7 * DAY);
    expect(shut('mail')).toBe(false);
  });

  it('case 59: evidence from a fast clock does not replace evidence after the correction', async () => {
    enrolled({ nexus: ['network'] });
    device.box.turnWall(365 * DAY);
    device.box.reboot();
    const { enforcement, clock, shut } = open();
    enforcement.evidence.observe(await observationsOf({ position: null, network: '410' }, clock.now()));
    clock.authenticate(NOW + 2 * HOUR);
    enforcement.settle();
    clock.authenticate(EFFECTIVE - HOUR);
    enforcement.evidence.observe(await observationsOf({ position: null, network: '410' }, clock.now()));
    clock.authenticate(EFFECTIVE);
    enforcement.settle();
    expect(shut('mail')).toBe(true);
    clock.authenticate(EFFECTIVE + HOUR);
    enforcement.evidence.observe(await observationsOf({ position: null, network: '262' }, clock.now()));
    expect(shut('mail')).toBe(false);
  });

  it('case 29: after a crash between storing and enforcing, enforces first at the next start', () => {
    const { list, first } = enrolled({ effective: new Date(NOW + 60 * DAY).toISOString() });
    const real = device.store;
    const dying = new Proxy(real, {
      get(target, name) {
        if (name === 'saveGate') {
          return () => {
            throw new Error('killed');
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { enforcement } = open(dying);
    const sooner = revisionDocument({
      revision: 2,
      previous: first.digest,
      action: 'revise',
      terms: { ...TERMS, nexus: ['home'], effective: new Date(NOW).toISOString() },
    });
    const second = listOf([signedRevision(sooner, [ada, ben])], { version: 2, previous: list.hash });
    expect(() => enforcement.accept.list(second.envelope)).toThrow('killed');
    expect(real.gates().get('mail')?.open).toBe(true);

    const again = open();
    expect(again.enforcement.documents.list?.version).toBe(2);
    again.enforcement.settle();
    expect(device.store.gates().get('mail')?.open).toBe(false);
    expect(receipts().filter((line) => line.startsWith('delivered'))).toHaveLength(2);
    expect(receipts()).toContain('enforced 2015-001 mail closed');
  });

  it.each([
    ['keep', true],
    ['allow', false],
    ['deny', true],
  ] as const)(
    'case 35: an expired list raises one alert, and the order’s rule “%s” decides about the gate',
    (stale, closed) => {
      const { shut, clock, enforcement, list, first } = enrolled({ stale });
      clock.authenticate(EFFECTIVE);
      const fresh = listOf([first], {
        version: 2,
        previous: list.hash,
        issuedAt: new Date(EFFECTIVE).toISOString(),
        expiresAt: new Date(EFFECTIVE + 7 * DAY).toISOString(),
      });
      enforcement.accept.list(fresh.envelope);
      const before = alerts().length;
      expect(shut('mail')).toBe(true);
      device.box.pass(7 * DAY + 1);
      expect(shut('mail')).toBe(closed);
      // The first check raises no alert, because a newer list may be on its way. All later checks together raise one alert.
      expect(alerts().slice(before)).toEqual([]);
      enforcement.timeAlerts.raiseListExpired();
      enforcement.timeAlerts.raiseListExpired();
      expect(alerts().slice(before)).toEqual(['list_expired']);
    },
  );
});
