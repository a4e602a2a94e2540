/** A suspended ledger after a restore without a copy: evidence from devices and files, and the conditions for resuming it. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createLedger } from '../../server/ledger/ledger.ts';
import { createLedgerSuspension, whyNotResumed, whySuspended } from '../../server/recovery/ledger-suspension.ts';
import { createStoredRecovery, type RecoveryStateStore } from '../../server/recovery/stored-recovery.ts';
import { appendEntry } from '../../server/store/append-entries.ts';
import { CheckpointResponseStore } from '../../server/store/checkpoint-response-store.ts';
import type { Database } from '../../server/store/database.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { RecoveryStore } from '../../server/store/recovery-store.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { restoredState } from '../support/restored-state.ts';
import { describeOnEveryStore } from './every-store.ts';

const RESTORED = restoredState();

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const keyOf = (keys: { privateKey: typeof privateKey; publicKey: typeof publicKey }) => ({
  publicKey: keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  sign: (message: Buffer) => sign(null, message, keys.privateKey),
});
const KEY = keyOf({ privateKey, publicKey });

const add = (database: Database, count: number, kind: string) =>
  database.transaction(async (tx) => {
    for (let at = 0; at < count; at += 1) {
      await appendEntry(tx, { kind: 'role.granted', at, subject: null, public: { role: `${kind} ${at}` } });
    }
  });

/** Ledger of one store. `key`: key of another installation, if given. */
async function ledgerOf(database: Database, key = KEY, suspended: () => string | null = () => null) {
  const store = new LedgerStore(database);
  const log = { error: () => undefined };
  const ports = { store, key, installation: 'test', clock: new SystemClock(), bus: new LocalBus(), log, suspended };
  return { store, ledger: createLedger(ports) };
}

describeOnEveryStore('a suspended ledger', (open) => {
  async function restored() {
    const database = await open();
    const entries: EntryDraft[] = [];
    const states = new RecoveryStore(database);
    const saveState: RecoveryStateStore['saveState'] = async (state, entry) => {
      await states.saveState(state, entry);
      if (entry) entries.push(entry);
    };
    const recovery = createStoredRecovery({ saveState }, RESTORED);
    const store = new CheckpointResponseStore(database);
    const { store: ledgerStore, ledger } = await ledgerOf(database, KEY, () => whySuspended(recovery.state()));
    const raised: { device: string | null; code: string; detail: string }[] = [];
    const suspension = createLedgerSuspension({
      ledger: {
        verifierKey: ledger.verifierKey,
        installation: 'test',
        continuations: () => [],
        size: async () => (await ledgerStore.newest())?.size ?? 0,
        hashes: ledgerStore.hashes,
      },
      store,
      recovery,
      raise: async (alert) => void raised.push(alert),
      now: () => 77,
      log: { info: () => undefined, warn: () => undefined },
    });
    await add(database, 5, 'before');
    recovery.replace({ ...RESTORED, ledger: 'rejoined' });
    await ledger.sequence();
    recovery.replace(RESTORED);
    const contained = await ledger.checkpoint();
    return { database, states, store, ledger, suspension, raised, entries, contained, state: recovery.state };
  }

  /** A checkpoint of the same key over other or more entries than the restored ledger has. */
  async function published(count: number, key = KEY): Promise<string> {
    const database = await open();
    await add(database, 5, 'before');
    await add(database, count - 5, 'lost');
    const { ledger } = await ledgerOf(database, key);
    await ledger.sequence();
    return await ledger.checkpoint();
  }

  it('is resumed when it contains each shown checkpoint, with an entry that names the evidence', async () => {
    const { database, states, suspension, ledger, contained, entries, state } = await restored();
    const group = await addGroup(database, 'Fleet');
    const [shows, silent] = [await addDevice(database, { group, user: 'Ada' }), await addDevice(database, { group })];
    await expect(suspension.resume(null, 'acc_owner')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('No device has reported a checkpoint'),
    });
    await add(database, 2, 'waiting');
    await ledger.sequence();
    expect(await ledger.checkpoint()).toBe(contained);
    await suspension.recordCheckpoint(silent, null);
    await expect(suspension.resume(null, 'acc_owner')).rejects.toMatchObject({ code: 'conflict' });
    await suspension.recordCheckpoint(shows, contained);
    const evidence = await suspension.evidence();
    expect(evidence).toMatchObject({
      active: 2,
      responded: 2,
      checkpoints: 1,
      notContained: 0,
      size: 5,
      obstacle: null,
    });
    expect(evidence.responses.map(({ device, user, size, result }) => [device, user, size, result])).toEqual([
      [shows, 'Ada', 5, 'contained'],
      [silent, expect.any(String), null, 'none'],
    ]);

    await suspension.resume(null, 'acc_owner');
    expect(suspension.suspended()).toBeNull();
    expect(state()).toMatchObject({
      ledger: 'resumed',
      resumed: { at: 77, size: 5, largestReported: 5, active: 2, responded: 2, checkpoints: 1, file: false },
    });
    expect(await states.state()).toEqual(state());
    expect(entries).toMatchObject([
      { kind: 'ledger.resumed', subject: 'acc_owner', public: { size: 5, checkpoints: 1 } },
    ]);
    await ledger.sequence();
    const { entries: kept } = await ledger.proveEntries([7]);
    expect(kept[0]?.body.toString()).toContain('ledger.resumed');
    await expect(suspension.resume(null, 'acc_owner')).rejects.toThrow('is not suspended');
  });

  it('is not resumed while a device or a file shows entries that it lacks', async () => {
    const { suspension, contained, raised, state } = await restored();
    await suspension.recordCheckpoint(newDeviceId(), contained);
    await suspension.recordCheckpoint(newDeviceId(), await published(9));
    expect((await suspension.evidence()).obstacle).toContain('a ledger of 9 entries');
    await expect(suspension.resume(contained, 'acc_owner')).rejects.toMatchObject({ code: 'conflict' });
    expect(state()).toMatchObject({ ledger: 'suspended', notContainedSize: 9 });
    // The ledger is suspended already, so no alert is raised.
    expect(raised).toEqual([]);

    const other = await restored();
    await other.suspension.recordCheckpoint(newDeviceId(), other.contained);
    await expect(other.suspension.resume(await published(6), 'acc_owner')).rejects.toMatchObject({ code: 'conflict' });
    // The file stays evidence.
    await expect(other.suspension.resume(null, 'acc_owner')).rejects.toThrow('a ledger of 6 entries');
  });

  it('treats a fork of equal size as missing entries, and refuses a note of another key', async () => {
    const { suspension, state } = await restored();
    const forked = await open();
    await add(forked, 5, 'other');
    const { ledger } = await ledgerOf(forked);
    await ledger.sequence();
    const another = generateKeyPairSync('ed25519');
    const foreign = await published(5, keyOf(another));
    await expect(suspension.resume(foreign, 'acc_owner')).rejects.toMatchObject({ code: 'checkpoint_invalid' });
    await suspension.recordCheckpoint(newDeviceId(), foreign);
    expect(await suspension.evidence()).toMatchObject({ responded: 1, checkpoints: 0 });
    await expect(suspension.resume(null, 'acc_owner')).rejects.toMatchObject({ code: 'conflict' });
    await suspension.recordCheckpoint(newDeviceId(), await ledger.checkpoint());
    expect(state()).toMatchObject({ notContainedSize: 5 });
    await expect(suspension.resume(null, 'acc_owner')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is resumed with a kept file alone; a device with a larger tree later raises an alert and suspends the ledger again', async () => {
    const { database, suspension, ledger, contained, raised } = await restored();
    await suspension.resume(contained, 'acc_owner');
    await add(database, 20, 'after');
    await ledger.sequence();
    const grown = await ledger.checkpoint();
    await suspension.recordCheckpoint(newDeviceId(), grown);
    expect([suspension.suspended(), raised]).toEqual([null, []]);
    const late = newDeviceId();
    // The shown tree is smaller than the ledger by now, but not its beginning.
    await suspension.recordCheckpoint(late, await published(9));
    expect(raised).toEqual([
      { device: late, code: 'ledger_behind', detail: expect.stringContaining('An admin had resumed the ledger') },
    ]);
    expect(suspension.suspended()).toContain('9 entries');
    await add(database, 1, 'waiting');
    await ledger.sequence();
    expect(await ledger.checkpoint()).toBe(grown);
    await expect(suspension.resume(contained, 'acc_owner')).rejects.toMatchObject({ code: 'conflict' });
  });
});

it.each([
  [{ notContainedSize: 0, notContained: 0, checkpoints: 1, file: false }, null],
  [{ notContainedSize: 0, notContained: 0, checkpoints: 0, file: true }, null],
  [{ notContainedSize: 0, notContained: 0, checkpoints: 0, file: false }, 'No device has reported'],
  [{ notContainedSize: 0, notContained: 1, checkpoints: 5, file: true }, 'entries were lost'],
  [{ notContainedSize: 7, notContained: 0, checkpoints: 5, file: true }, 'a ledger of 7 entries'],
])('%o: %s', (facts, why) => {
  const obstacle = whyNotResumed(facts);
  if (why === null) expect(obstacle).toBeNull();
  else expect(obstacle).toContain(why);
});
