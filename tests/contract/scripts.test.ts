/** Scripts and their output on both databases. */

import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { peopleOf } from '../../server/independence/independence.ts';
import { createScripts } from '../../server/scripts/scripts.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import { ScriptStore } from '../../server/store/script-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import { newAccountId, newCommandId, newPersonId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const CONTENT = {
  purpose: 'Finds full disks',
  interpreter: 'sh',
  text: 'df -h\n',
  seconds: 60,
  memory: 256,
  output: 1,
  arguments: [],
} as const;
const AUTHOR = { person: newPersonId(), account: newAccountId(), name: 'Ada' };

describeOnEveryStore('scripts', (open) => {
  it('keep their versions, and refuse a version that does not follow the newest one', async () => {
    const database = await open();
    const clock = new DrivenClock(1_000_000);
    const approverSets = { envelopes: () => [], people: async () => peopleOf({ sameAs: new Map(), links: [] }) };
    const store = new ScriptStore(database);
    const scripts = createScripts({ store, approverSets, installation: 'ins_test', bus: new LocalBus(), clock });
    const script = await scripts.create('Disks', CONTENT, 1, AUTHOR);
    await expect(scripts.create('Disks', CONTENT, 1, AUTHOR)).rejects.toMatchObject({ code: 'conflict' });
    await scripts.addVersion(script, 1, { ...CONTENT, text: 'df\n' }, 1, AUTHOR);
    await expect(scripts.addVersion(script, 1, CONTENT, 1, AUTHOR)).rejects.toMatchObject({ code: 'conflict' });
    expect((await scripts.list()).map(({ name, newest }) => [name, newest?.version, newest?.state])).toEqual([
      ['Disks', 2, 'unreviewed'],
    ]);
    const versions = await scripts.versions(script.id, null);
    expect(versions.map(({ version, text }) => [version, text])).toEqual([
      [2, 'df\n'],
      [1, 'df -h\n'],
    ]);
    expect(await scripts.signed({ script: script.id, version: 1 })).toBeNull();
    clock.jump(1_000_000 + 86_400_000);
    expect((await scripts.version(script.id, 1)).state).toBe('expired');
    await scripts.switch(true, AUTHOR.account);
    await expect(scripts.requireRunnable({ script: script.id, version: 1 }, 1)).rejects.toMatchObject({
      code: 'script_unreviewed',
    });
  });

  it('store each piece of output once, in sequence and within the limit of the version', async () => {
    const database = await open();
    const clock = new DrivenClock(1_000_000);
    const bus = new LocalBus();
    const store = new ScriptStore(database);
    const approverSets = { envelopes: () => [], people: async () => peopleOf({ sameAs: new Map(), links: [] }) };
    const scripts = createScripts({ store, approverSets, installation: 'ins_test', bus, clock });
    const { id: script } = await scripts.create('Disks', CONTENT, 1, AUTHOR);
    const commands = createCommands({
      stores: commandStores(database),
      shares: new UnlockShareStore(database),
      bus,
      clock,
      devices: { unenroll: async () => undefined },
    });
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const command = newCommandId();
    const run = { kind: 'run-script', script, version: 1 } as const;
    await commands.issue({ id: command, device, command: run, by: AUTHOR.account });
    const add = (offset: number, text: string, more: object = {}) =>
      scripts.addOutput({ command, device, generation: 1, offset, text, at: 1, ...more });

    // The device has not stored the command yet.
    await expect(add(0, 'early')).rejects.toMatchObject({ code: 'not_found' });
    await commands.stored(device, 1, command);
    await add(0, 'größe');
    await add(0, 'größe');
    await add(7, ' 1\n');
    await expect(add(11, 'gap')).rejects.toMatchObject({ code: 'conflict' });
    await expect(add(10, 'x', { generation: 2 })).rejects.toMatchObject({ code: 'not_found' });
    expect(await scripts.output(command, 0)).toEqual({ text: 'größe 1\n', next: 10 });
    expect(await scripts.output(command, 7)).toEqual({ text: ' 1\n', next: 10 });
    expect(await scripts.output(command, 10)).toEqual({ text: '', next: 10 });

    await expect(add(10, 'x'.repeat(2000))).rejects.toMatchObject({ code: 'too_large' });
    await add(10, 'x'.repeat(1000));
    await commands.finished(device, 1, { command, outcome: 'done', detail: '' });
    await expect(add(1010, 'late')).rejects.toMatchObject({ code: 'not_found' });
  });
});
