import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { createCommands } from '../../server/commands/commands.ts';
import type { WorkspaceState } from '../../server/devices/workspace.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { ReceiptStore } from '../../server/store/receipt-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';
import { MOST_PASSCODE_SHARES } from '../../shared/protocol/device-http.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import type { PasscodeState } from '../../shared/workspace/passcode-state.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

type WorkspaceCommand = Extract<CommandKind, `${string}-workspace`>;
const REAL = 1_000_000;

async function world(database: Database) {
  const bus = new LocalBus();
  const wakes: Wake['kind'][] = [];
  bus.subscribe(({ kind }) => wakes.push(kind));
  const clock = new DrivenClock(100);
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus,
    clock,
    now: () => REAL,
    devices: { unenroll: async () => undefined },
  });
  const store = new DeviceStore(database);
  const group = await addGroup(database, 'g');
  const issue = async (device: DeviceId, kind: WorkspaceCommand) =>
    (await commands.issue({ device, command: { kind }, by: 'acc' })).id;
  const report = async (
    device: DeviceId,
    kind: WorkspaceCommand,
    outcome: 'done' | 'failed' = 'done',
    enrollment = 1,
  ) => commands.finished(device, enrollment, { command: await issue(device, kind), outcome, detail: '' });
  const workspace = async (device: DeviceId) => (await store.get(device))?.workspace;
  const listed = async (state: WorkspaceState) => {
    const place = { sort: 'id', descending: false, after: null, offset: 0, limit: 50 } as const;
    const page = await store.list({ filter: { workspace: state }, scope: null, now: 0, ...place });
    expect(page.total).toBe(page.devices.length);
    return page.devices.map(({ id }) => id);
  };
  const enrollAgain = (device: DeviceId) =>
    database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', device).execute();
  const passcode = async (device: DeviceId) => (await store.get(device))?.passcode;
  return { clock, commands, group, issue, report, workspace, passcode, listed, enrollAgain, wakes };
}

async function storeExit(database: Database, device: DeviceId, seq: number, as: 'evidence' | 'refused') {
  const receipts = new ReceiptStore(database);
  const about = { installation: 'test', device, generation: 1, listVersion: 1, order: '2015-001', revision: 1 };
  const receipt = { ...about, kind: 'wiped', service: null, gate: null, at: new Date(seq).toISOString() } as const;
  const envelope = { payloadType: 'receipt', payload: '', signatures: [] };
  const row = { device, generation: 1, seq, receipt, storedAt: 500 + seq, envelope };
  await receipts.storeReceipts({ receipts: [row], session: null });
  await receipts.mark([{ device, generation: 1, seq }], as);
}

describeOnEveryStore('the state of a workspace', (open) => {
  it("follows the device's report, not the admin's request", async () => {
    const database = await open();
    const { clock, commands, group, issue, report, workspace, wakes } = await world(database);
    const device = await addDevice(database, { group });
    expect(await workspace(device)).toEqual({ state: 'open', since: null });
    const id = await issue(device, 'lock-workspace');
    await commands.stored(device, 1, id);
    await report(device, 'wipe-workspace', 'failed');
    expect(await workspace(device)).toEqual({ state: 'open', since: null });
    await turn();
    expect(wakes).not.toContain('devices');
    clock.jump(110);
    await commands.finished(device, 1, { command: id, outcome: 'done', detail: '' });
    expect(await workspace(device)).toEqual({ state: 'locked', since: 110 });
    await turn();
    expect(wakes).toContain('devices');
    clock.jump(120);
    await commands.finished(device, 1, { command: id, outcome: 'done', detail: '' });
    expect(await workspace(device)).toEqual({ state: 'locked', since: 110 });
  });

  it('results from simultaneous reports in their order', async () => {
    const database = await open();
    const { commands, group, issue, workspace } = await world(database);
    const devices = [await addDevice(database, { group }), await addDevice(database, { group })] as const;
    const kinds = ['lock-workspace', 'unlock-workspace', 'wipe-workspace', 'lock-workspace'] as const;
    const reports: (() => Promise<void>)[] = [];
    for (const [index, device] of devices.entries()) {
      for (const kind of kinds.slice(0, index === 0 ? 2 : 4)) {
        const command = await issue(device, kind);
        reports.push(() => commands.finished(device, 1, { command, outcome: 'done', detail: '' }));
      }
    }
    await Promise.all(reports.map((send) => send()));
    expect(await workspace(devices[0])).toEqual({ state: 'open', since: 100 });
    expect(await workspace(devices[1])).toEqual({ state: 'wiped', since: 100 });
  });

  it('belongs to one enrollment, and filters the list', async () => {
    const database = await open();
    const { group, report, workspace, listed, enrollAgain } = await world(database);
    const ids = { fresh: await addDevice(database, { group }), locked: await addDevice(database, { group }) };
    const again = await addDevice(database, { group });
    const wiped = await addDevice(database, { group });
    await report(ids.locked, 'lock-workspace');
    await report(again, 'wipe-workspace');
    await report(wiped, 'wipe-workspace');
    await enrollAgain(again);
    expect(await workspace(again)).toEqual({ state: 'open', since: null });
    expect(await listed('locked')).toEqual([ids.locked]);
    expect(await listed('wiped')).toEqual([wiped]);
    expect(await listed('open')).toEqual([ids.fresh, again].sort());
    await report(again, 'lock-workspace', 'done', 2);
    expect(await listed('locked')).toEqual([ids.locked, again].sort());
  });

  it('waits for the passcode, and a lock and a wipe are stricter', async () => {
    const database = await open();
    const { clock, commands, group, report, workspace, passcode, listed, enrollAgain } = await world(database);
    const [device, other] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const say = async (state: PasscodeState, at: number, enrollment = 1) => {
      clock.jump(at);
      await commands.passcode(device, enrollment, state);
      return [await workspace(device), await passcode(device)];
    };
    expect(await passcode(device)).toBe('none');
    expect(await say('set', 110)).toEqual([{ state: 'open', since: 110 }, 'set']);
    expect(await say('waiting', 120)).toEqual([{ state: 'passcode', since: 120 }, 'waiting']);
    expect(await say('waiting', 125)).toEqual([{ state: 'passcode', since: 120 }, 'waiting']);
    expect([await listed('passcode'), await listed('open')]).toEqual([[device], [other]]);
    clock.jump(130);
    await report(device, 'lock-workspace');
    expect(await workspace(device)).toEqual({ state: 'locked', since: 130 });
    await report(device, 'unlock-workspace');
    expect([await workspace(device), await passcode(device)]).toEqual([{ state: 'passcode', since: 130 }, 'waiting']);
    expect(await say('set', 140)).toEqual([{ state: 'open', since: 140 }, 'set']);
    await report(device, 'wipe-workspace');
    expect([await workspace(device), await passcode(device)]).toEqual([{ state: 'wiped', since: 140 }, 'none']);
    await report(device, 'unlock-workspace');
    await say('set', 150);
    await enrollAgain(device);
    expect([await workspace(device), await passcode(device)]).toEqual([{ state: 'open', since: null }, 'none']);
    await say('set', 160);
    expect(await passcode(device)).toBe('none');
    expect(await say('waiting', 170, 2)).toEqual([{ state: 'passcode', since: 170 }, 'waiting']);
  });

  it('opens without its passcode only by a reset, which alone has the shares of the device', async () => {
    const database = await open();
    const { commands, group } = await world(database);
    const [device, other] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const shares = ['a', 'b', 'c', 'd', 'e'].map((letter) => `${letter.repeat(43)}=`);
    const sent = async (command: Command, to = device) => {
      const { id } = await commands.issue({ device: to, command, by: 'acc' });
      return (await commands.pendingFor(to, 1)).find((each) => each.id === id)?.shares ?? [];
    };
    const [locked] = await sent({ kind: 'lock-workspace' });
    for (const share of [...shares, ...shares.slice(4)]) await commands.addPasscodeShare(device, share);
    expect(await sent({ kind: 'unlock-workspace' })).toEqual([locked]);
    const reset = await sent({ kind: 'unlock-workspace', resetPasscode: true });
    expect(reset).toHaveLength(MOST_PASSCODE_SHARES + 1);
    expect(reset).toContain(locked);
    expect(shares.filter((share) => reset.includes(share))).toHaveLength(MOST_PASSCODE_SHARES);
    expect(await sent({ kind: 'unlock-workspace', resetPasscode: true }, other)).toEqual([]);
  });

  it('is wiped after an exit with a valid receipt', async () => {
    const database = await open();
    const { group, workspace, enrollAgain } = await world(database);
    const device = await addDevice(database, { group });
    await storeExit(database, device, 1, 'refused');
    expect(await workspace(device)).toEqual({ state: 'open', since: null });
    await storeExit(database, device, 2, 'evidence');
    expect(await workspace(device)).toEqual({ state: 'wiped', since: 502 });
    await enrollAgain(device);
    await storeExit(database, device, 3, 'evidence');
    expect(await workspace(device)).toEqual({ state: 'open', since: null });
  });
});
