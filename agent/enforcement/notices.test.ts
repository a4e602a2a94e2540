import { describe, expect, it } from 'vitest';
import {
  ada,
  ben,
  DAY,
  EFFECTIVE,
  enforcedDevice,
  HOUR,
  listOf,
  recordOf,
} from '../../tests/support/enforced-device.ts';
import { NOW, revisionDocument, signedRevision, TERMS } from '../../tests/support/signed-documents.ts';
import { observationsOf } from '../evidence/sensors.ts';

const device = enforcedDevice();
const { open, enrolled, receipts } = device;

describe('notices', () => {
  it('records the display of each revision once', () => {
    const { enforcement } = enrolled();
    enforcement.notices.markDisplayed([{ order: '2015-001', revision: 1 }]);
    enforcement.notices.markDisplayed([{ order: '2015-001', revision: 1 }]);
    expect(receipts()).toEqual(['delivered 2015-001', 'displayed 2015-001']);
  });

  it('gives each notice of an order’s plan once, also after restarts, with a receipt', () => {
    const first = enrolled();
    device.box.pass(EFFECTIVE - 7 * DAY - NOW - HOUR);
    expect(receipts(true)).toEqual(['delivered P30D', 'delivered P7D']);
    expect(first.delivered.map(({ moment }) => moment)).toEqual(['P30D', 'P7D']);
    first.enforcement.notices.markDisplayed([{ order: '2015-001', revision: 1 }]);
    first.enforcement.notices.markDisplayed([{ order: '2015-001', revision: 1 }]);
    expect(receipts(true).slice(2)).toEqual(['displayed P30D', 'displayed P7D']);
    first.enforcement.stop();
    const again = open();
    again.enforcement.settle();
    expect([again.delivered, again.enforcement.notices.undisplayed()]).toEqual([[], []]);
    device.box.pass(7 * DAY);
    expect(receipts(true).slice(4)).toEqual(['delivered P1D', 'delivered PT1H', 'delivered effective']);
    expect(again.enforcement.notices.undisplayed().map(({ moment }) => moment)).toEqual(['effective']);
    const last = open();
    expect(last.enforcement.notices.undisplayed().map(({ moment }) => moment)).toEqual(['effective']);
  });

  it('gives only the latest missed notice, new notices for a new date, and one for a withdrawal', () => {
    const { enforcement, clock, first, list } = enrolled();
    clock.authenticate(EFFECTIVE - 2 * HOUR);
    enforcement.settle();
    expect(receipts(true)).toEqual(['delivered P1D']);
    const moved = { ...TERMS, nexus: ['home' as const], effective: new Date(EFFECTIVE + 30 * DAY).toISOString() };
    const extended = revisionDocument({ revision: 2, previous: first.digest, action: 'extend', terms: moved });
    const second = signedRevision({ ...extended, proposedAt: new Date(EFFECTIVE - HOUR).toISOString() }, [ada, ben]);
    const next = listOf([second], {
      version: 2,
      previous: list.hash,
      expiresAt: new Date(EFFECTIVE + 90 * DAY).toISOString(),
    });
    enforcement.accept.list(next.envelope);
    clock.authenticate(EFFECTIVE + 29 * DAY);
    enforcement.settle();
    expect(receipts(true)).toEqual(['delivered P1D', 'delivered P1D']);
    const end = { revision: 3, previous: second.digest, action: 'withdraw' as const, status: 'withdrawn' as const };
    const third = listOf([signedRevision(revisionDocument({ ...end, terms: moved }), [ada, ben])], {
      version: 3,
      previous: next.hash,
      expiresAt: new Date(EFFECTIVE + 90 * DAY).toISOString(),
    });
    enforcement.accept.list(third.envelope);
    expect(receipts(true).at(-1)).toBe('delivered withdrawal');
    device.box.pass(10 * DAY);
    expect(receipts(true)).toHaveLength(3);
  });

  it('gives the notice of a withdrawal only on a device that the order affected, also after a restart', () => {
    const plan = { nexus: ['home' as const], noticePlan: ['withdrawal' as const] };
    /** Makes a device with the given home area while the order is in effect. When the order is withdrawn, the device is elsewhere. */
    const deliveredOf = (home: string) => {
      device.renew(home);
      const lasting = { expiresAt: new Date(EFFECTIVE + 90 * DAY).toISOString() };
      const { enforcement, clock, shut, first, list } = enrolled(plan, lasting);
      enforcement.accept.record(recordOf({ version: 2, home }));
      clock.authenticate(EFFECTIVE + HOUR);
      enforcement.settle();
      const denied = shut('mail');
      enforcement.accept.record(recordOf({ version: 3, home: 'GB' }));
      expect(shut('mail')).toBe(false);
      enforcement.stop();
      const end = { revision: 2, previous: first.digest, action: 'withdraw' as const, status: 'withdrawn' as const };
      const over = signedRevision(revisionDocument({ ...end, terms: { ...TERMS, ...plan } }), [ada, ben]);
      const again = open();
      again.enforcement.accept.list(listOf([over], { version: 2, previous: list.hash, ...lasting }).envelope);
      again.enforcement.stop();
      return { denied, delivered: receipts(true) };
    };
    expect(deliveredOf('PK')).toEqual({ denied: true, delivered: ['delivered withdrawal'] });
    expect(deliveredOf('IN')).toEqual({ denied: false, delivered: [] });
  });

  it('gives no notice of an order until the order would affect this device', async () => {
    const { enforcement, clock } = enrolled({ nexus: ['network'] });
    clock.authenticate(EFFECTIVE - 6 * DAY);
    enforcement.settle();
    expect(receipts(true)).toEqual([]);
    enforcement.evidence.observe(await observationsOf({ position: null, network: '410' }, clock.now()));
    expect(receipts(true)).toEqual(['delivered P7D']);
  });
});
