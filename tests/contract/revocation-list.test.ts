import { X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import { X509Crl } from '@peculiar/x509';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Authority } from '../../certs/authority.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import {
  CRL_LIFETIME,
  createRevocationList,
  type RevocationStore as Port,
} from '../../server/enrollment/revocation-list.ts';
import type { Database } from '../../server/store/database.ts';
import { RevocationStore } from '../../server/store/revocation-store.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { csrFor, DOMAIN_NOW, testAuthority, testEnrollment } from '../support/enrollment.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
let authority: Authority;
let remove: () => void;
beforeAll(() => {
  ({ authority, remove } = testAuthority());
});
afterAll(() => remove());
afterEach(() => void vi.restoreAllMocks());

function listOver(database: Database, store: Port = new RevocationStore(database)) {
  const alerts: { code: string; detail: string }[] = [];
  const errors: object[] = [];
  const bus = new LocalBus();
  const list = createRevocationList({
    store,
    authority,
    clock: new DrivenClock(DOMAIN_NOW),
    bus,
    raise: async (alert) => void alerts.push(alert),
    log: { error: (facts) => void errors.push(facts) },
  });
  return { list, alerts, errors, bus };
}

async function enrolled(database: Database): Promise<string> {
  const { enrollment, code } = testEnrollment(database, authority);
  const { id, secret } = await code(await addGroup(database, `g${Math.random()}`));
  const { certificate } = await enrollment.redeem({ id, secret, csr: csrFor(id), address: null });
  return new X509Certificate(certificate).serialNumber.toLowerCase();
}
const revoke = (database: Database, serial: string, at = Date.now()) =>
  database.db
    .updateTable('certificates')
    .set({ revoked_at: at, revocation_reason: 1 })
    .where('serial', '=', serial)
    .execute();
const entries = async (database: Database) =>
  (await database.db.selectFrom('ledger_entries').select('id').where('kind', '=', 'crl.issued').execute()).length;
const serialsIn = (der: Buffer) => new X509Crl(der).entries.map(({ serialNumber }) => serialNumber);

describeOnEveryStore('revocation list', (open) => {
  it('exists after the first check, with its ledger entry, and stays while nothing changes', async () => {
    const database = await open();
    const { list } = listOver(database);
    const first = await list.current();
    expect(first).toMatchObject({ number: 1, nextUpdate: first.thisUpdate + CRL_LIFETIME });
    expect(serialsIn(first.der)).toEqual([]);
    await list.refresh();
    await list.refresh();
    expect(await list.current()).toEqual(first);
    expect(await entries(database)).toBe(1);
  });

  it('is issued again after a revocation, also when the wake was lost', async () => {
    const database = await open();
    const serial = await enrolled(database);
    const { list, bus } = listOver(database);
    const stop = await list.start();
    await revoke(database, serial);
    bus.publish({ kind: 'ended', device: newDeviceId() });
    await until(async () => expect(serialsIn((await list.current()).der)).toEqual([serial]));
    stop();
    const other = await enrolled(database);
    await revoke(database, other);
    await list.check();
    expect(serialsIn((await list.current()).der).sort()).toEqual([serial, other].sort());
    expect((await list.current()).number).toBeGreaterThanOrEqual(3);
    expect(await entries(database)).toBe((await list.current()).number);
  });

  it('includes a revocation that committed after a later-dated list, as with simultaneous revocations or a clock set back', async () => {
    const database = await open();
    const [first, late] = [await enrolled(database), await enrolled(database)];
    const { list } = listOver(database);
    await revoke(database, first);
    await list.refresh();
    const { thisUpdate, der } = await list.current();
    expect(serialsIn(der)).toEqual([first]);
    await revoke(database, late, thisUpdate - 1_000);
    await list.refresh();
    const { number, der: next } = await list.current();
    expect(serialsIn(next).sort()).toEqual([first, late].sort());
    await list.refresh();
    expect((await list.current()).number).toBe(number);
  });

  it('is issued again every day', async () => {
    const database = await open();
    const { list } = listOver(database);
    const { number, thisUpdate } = await list.current();
    await list.refresh(thisUpdate + DAY - 1);
    expect((await list.current()).number).toBe(number);
    await list.refresh(thisUpdate + DAY);
    expect(await list.current()).toMatchObject({ number: number + 1, thisUpdate: thisUpdate + DAY });
  });

  it('omits a certificate only after a list that was issued after the certificate’s expiry contained it', async () => {
    const database = await open();
    const serial = await enrolled(database);
    await revoke(database, serial);
    const { list } = listOver(database);
    const end = Date.now() + 30 * DAY;
    await list.refresh(end + DAY);
    expect(serialsIn((await list.current()).der)).toEqual([serial]);
    await list.refresh(end + 4 * DAY);
    expect(serialsIn((await list.current()).der)).toEqual([]);
  });

  it('has one number for one list, also when several servers issue it at the same time', async () => {
    const database = await open();
    const nodes = Array.from({ length: 5 }, () => listOver(database).list);
    await Promise.all(nodes.map((node) => node.refresh()));
    expect((await nodes[0]?.current())?.number).toBe(1);
    expect(await entries(database)).toBe(1);
  });

  it('case 3: raises an alert once a day, long before a list expires that cannot be replaced', async () => {
    const database = await open();
    const store = new RevocationStore(database);
    await listOver(database, store).list.current();
    const failing: Port = {
      newestCrl: () => store.newestCrl(),
      newestCrlDate: () => store.newestCrlDate(),
      countRevoked: (endsAfter) => store.countRevoked(endsAfter),
      revoked: () => Promise.reject(new Error('the store fails')),
      addCrl: () => Promise.reject(new Error('the store fails')),
    };
    const { list, alerts, errors } = listOver(database, failing);
    const { thisUpdate } = await list.current();
    const lookAt = async (at: number) => {
      vi.spyOn(Date, 'now').mockReturnValue(at);
      await list.check(at);
    };
    await lookAt(thisUpdate + DAY);
    expect(errors).toHaveLength(1);
    expect(alerts).toHaveLength(0);
    await lookAt(thisUpdate + 3 * DAY);
    await lookAt(thisUpdate + 3 * DAY + 60_000);
    expect(alerts).toEqual([
      expect.objectContaining({
        code: 'crl_ending',
        detail: expect.stringMatching(/96 hours.*The reason is in the server's log\.$/),
      }),
    ]);
    await lookAt(thisUpdate + 4 * DAY);
    expect(alerts).toHaveLength(2);
  });
});
