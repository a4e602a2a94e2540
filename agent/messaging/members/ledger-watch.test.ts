import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalBus } from '../../../server/bus/bus.ts';
import type { Ledger } from '../../../server/ledger/ledger.ts';
import { appendEntry } from '../../../server/store/append-entries.ts';
import type { Database } from '../../../server/store/database.ts';
import type { MemberProof } from '../../../shared/protocol/device-http.ts';
import { testLedger } from '../../../tests/support/ledger.ts';
import { memberDevices } from '../../../tests/support/member-devices.ts';
import { openNewStore } from '../../../tests/support/new-store.ts';

const devices = memberDevices();
const { member } = devices;

describe('case 36: a ledger that differs between devices', () => {
  let folder: string;
  let database: Database;
  /** A different ledger that is signed with the same key. */
  let fork: Ledger;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-fork-'));
    database = await openNewStore(join(folder, 'cordon.db'));
    fork = testLedger(database, devices.world.clock, new LocalBus(), devices.world.ledgerKeys);
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const sizeOf = async (ledger: Ledger) => Number((await ledger.checkpoint()).split('\n')[1]);
  async function growFork(size: number): Promise<string> {
    await fork.sequence();
    const from = await sizeOf(fork);
    await database.transaction(async (tx) => {
      for (let at = from; at < size; at++) {
        await appendEntry(tx, { kind: 'certificate.issued', at, subject: null, public: { serial: `${at}` } });
      }
    });
    await fork.sequence();
    return fork.checkpoint();
  }
  const proofOf = async (query: string) => {
    const { from, to } = Object.fromEntries(new URLSearchParams(query.split('?')[1]));
    const { proof } = await fork.proveGrowth(Number(from), Number(to));
    return proof.map((hash) => hash.toString('base64'));
  };

  it('is refused by a device that has seen another one, whatever the server proves', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    await ann.membership.membersOf([bob.person]);
    const before = ann.held();
    const forked = await growFork((await sizeOf(devices.world.ledger)) + 50);
    const proof = await proofOf(`?from=${ann.membership.ledger()?.size}&to=${await sizeOf(fork)}`);
    for (const told of [proof, [], ['AAAA']]) {
      ann.later(60_000);
      ann.lies.answer = (path, json) =>
        path === '/device/members'
          ? {
              members: json.members.map((each: MemberProof) => ({
                ...each,
                certified: { ...each.certified, checkpoint: forked },
                countersigned: { ...each.countersigned, checkpoint: forked },
              })),
            }
          : { ...json, proof: told, from: 1, checkpoint: forked, key: devices.world.ledger.verifierKey };
      await expect(ann.membership.membersOf([bob.person])).rejects.toMatchObject({ code: 'ledger_forked' });
    }
    expect(ann.alertCodes()).toEqual(['ledger_forked']);
    expect(ann.held()).toEqual(before);
    ann.lies.answer = null;
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).not.toEqual([]);
  });

  it('is refused when it is older than the stored one, also after a restart', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    const old = (await devices.world.membership.members({ people: [bob.person], devices: [] })).members;
    await member('Kit');
    await ann.membership.membersOf([bob.person]);
    const again = ann.restart();
    ann.lies.answer = () => ({ members: old });
    await expect(again.membersOf([bob.person])).rejects.toMatchObject({ code: 'ledger_older' });
    expect(ann.alertCodes()).toEqual(['ledger_older']);
  });

  it('is refused with another key or without a signature', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    const show = (change: (proof: MemberProof['certified']) => object) => {
      ann.later(60_000);
      ann.lies.answer = (path, json) =>
        path === '/device/members'
          ? {
              members: json.members.map((each: MemberProof) => ({
                ...each,
                certified: { ...each.certified, ...change(each.certified) },
                countersigned: { ...each.countersigned, ...change(each.countersigned) },
              })),
            }
          : json;
      return expect(ann.membership.membersOf([bob.person])).rejects.toMatchObject({ code: 'ledger_forked' });
    };
    await show(({ checkpoint }) => ({ checkpoint: checkpoint.replace(/\n— .*\n$/, '\n') }));
    await show(() => ({ key: 'cordon/ins_other+00000000+AAAA' }));
    ann.lies.answer = null;
    await ann.membership.membersOf([bob.person]);
    await show(() => ({ key: testLedger(database, devices.world.clock, new LocalBus()).verifierKey }));
    expect(new Set(ann.alertCodes())).toEqual(new Set(['ledger_forked']));
  });

  it('is detected by two devices that compare their trees', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    await ann.membership.membersOf([bob.person]);
    const ours = ann.membership.ledger()!;
    const other = Buffer.alloc(32, 7).toString('base64');
    for (const theirs of [
      { size: ours.size, root: other },
      { size: ours.size - 1, root: other },
      { size: ours.size + 100_000, root: other },
    ]) {
      const compared = ann.membership.compareCheckpoint(theirs, bob.id);
      await expect(compared).rejects.toMatchObject({ code: 'ledger_forked', message: expect.stringContaining(bob.id) });
    }
    expect(ann.alertCodes()).toEqual(['ledger_forked', 'ledger_forked', 'ledger_forked']);
    const nothing = ann.membership.compareCheckpoint({ size: 3, root: 'AAAA' }, bob.id);
    await expect(nothing).rejects.toMatchObject({ code: 'document_malformed' });
    // A missing response is no proof of a fork, so it raises no alert.
    ann.lies.answer = () => ({ code: 'unavailable', detail: 'later' });
    const silent = ann.membership.compareCheckpoint({ size: ours.size - 1, root: other }, bob.id);
    await expect(silent).rejects.toMatchObject({ code: 'unavailable' });
    expect(ann.alerts).toHaveLength(3);
  });
});
