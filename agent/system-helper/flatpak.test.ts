/** Changes of applications with the real flatpak, in a system installation of its own. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { SoftwareChange } from '../../shared/software/software-change.ts';
import { FlatpakMachine, flatpakMachines } from '../../tests/support/flatpak-machine.ts';
import { changesOn, rollbackOf, softwareChange } from '../../tests/support/package-requests.ts';
import { aptManager } from './apt.ts';
import type { Changes } from './changes.ts';
import { dnfManager } from './dnf.ts';
import { flatpakManager, parseInstalledRefs, parseRemoteRefs, parseTable } from './flatpak.ts';

const MAPS = 'org.cordon.Maps';
const short = (commit: string) => commit.slice(0, 12);

describe.skipIf(!flatpakMachines.present)('flatpak', { timeout: 120_000 }, () => {
  let machine: FlatpakMachine;
  let changes: Changes;
  let platform: string;
  beforeAll(() => {
    machine = new FlatpakMachine();
    machine.addRemote('local');
    platform = machine.publishRuntime('local', 'org.cordon.Platform', '1.0');
    const apt = aptManager(machine.run);
    const dnf = dnfManager(machine.run);
    const flatpak = flatpakManager(machine.run);
    changes = changesOn(machine, { apt, dnf, flatpak }, { allow: ['org.cordon.*'], deny: ['org.cordon.Secret'] });
  }, 60_000);
  afterAll(() => machine?.remove());

  const change = (action: SoftwareChange['action'], packages: SoftwareChange['packages']) =>
    softwareChange('flatpak', action, packages);
  const make = (action: SoftwareChange['action'], name: string, version?: string) =>
    changes.make(change(action, [{ name, ...(version !== undefined && { version }) }]));

  it('installs with the runtime, updates, removes and rolls back each change to its commit', async () => {
    const first = machine.publish('local', MAPS, { runtime: '1.0' });
    const install = change('install', [{ name: MAPS }]);
    expect(await changes.make(install)).toEqual({
      outcome: 'done',
      steps: [
        { name: 'org.cordon.Platform:1.0', from: null, to: platform },
        { name: MAPS, from: null, to: first },
      ],
      detail: `org.cordon.Platform:1.0 ${short(platform)} installed, ${MAPS} ${short(first)} installed.`,
    });
    expect(machine.refs()).toEqual([`${MAPS}/stable`, 'org.cordon.Platform/1.0']);
    expect(await make('install', MAPS)).toMatchObject({ detail: 'No change was necessary.' });

    // The second commit needs another runtime, and has translations.
    const runtime = machine.publishRuntime('local', 'org.cordon.Platform', '2.0');
    const words = machine.publishTranslations('local', MAPS);
    const second = machine.publish('local', MAPS, { runtime: '2.0', translated: true });
    const update = change('update', [{ name: MAPS }]);
    expect(await changes.make(update)).toEqual({
      outcome: 'done',
      steps: expect.arrayContaining([
        { name: 'org.cordon.Platform:2.0', from: null, to: runtime },
        { name: `${MAPS}.Locale:stable`, from: null, to: words },
        { name: MAPS, from: first, to: second },
      ]),
      detail: expect.stringContaining(`${MAPS} ${short(first)} → ${short(second)}`),
    });
    expect(machine.commit(MAPS)).toBe(second);
    expect(machine.refs()).toHaveLength(4);
    expect(await changes.make(rollbackOf(install))).toMatchObject({ outcome: 'failed', code: 'conflict' });
    expect(await changes.make(rollbackOf(update))).toMatchObject({ outcome: 'done' });
    expect(machine.commit(MAPS)).toBe(first);
    expect(machine.refs()).toEqual([`${MAPS}/stable`, 'org.cordon.Platform/1.0']);

    const remove = change('remove', [{ name: MAPS }]);
    expect(await changes.make(remove)).toMatchObject({ outcome: 'done', detail: `${MAPS} ${short(first)} removed.` });
    expect(machine.refs()).toEqual(['org.cordon.Platform/1.0']);
    // The earlier commit comes back, although the remote has a newer one.
    expect(await changes.make(rollbackOf(remove))).toMatchObject({ outcome: 'done' });
    expect(machine.commit(MAPS)).toBe(first);
    expect(machine.refs()).toEqual([`${MAPS}/stable`, 'org.cordon.Platform/1.0']);

    expect(await make('install', MAPS, second)).toMatchObject({ outcome: 'done' });
    expect(machine.commit(MAPS)).toBe(second);
    const exact = change('update', [{ name: MAPS, version: first }]);
    expect(await changes.make(exact)).toMatchObject({ outcome: 'done', steps: [{ from: second, to: first }] });
    expect(machine.commit(MAPS)).toBe(first);
    expect(await changes.make(rollbackOf(exact))).toMatchObject({ outcome: 'done' });
    expect(machine.commit(MAPS)).toBe(second);
    // No runtime is pinned, so the machine's owner can remove it with "flatpak uninstall --unused".
    expect(machine.flatpak(['pin', '--system'])).not.toMatch(/org\.cordon/);
  });

  it('removes no runtime that an application needs', async () => {
    machine.publishRuntime('local', 'org.cordon.Platform', '3.0');
    machine.publish('local', 'org.cordon.Notes', { runtime: '3.0' });
    machine.publish('local', 'org.cordon.Draw', { runtime: '3.0' });
    const notes = change('install', [{ name: 'org.cordon.Notes' }]);
    expect(await changes.make(notes)).toMatchObject({ outcome: 'done' });
    const draw = change('install', [{ name: 'org.cordon.Draw' }]);
    expect(await changes.make(draw)).toMatchObject({ outcome: 'done', steps: [{ name: 'org.cordon.Draw' }] });
    expect(await changes.make(rollbackOf(notes))).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('a runtime that org.cordon.Draw needs. Nothing was changed'),
    });
    expect(machine.refs()).toEqual(expect.arrayContaining(['org.cordon.Draw/stable', 'org.cordon.Notes/stable']));
    expect(await changes.make(rollbackOf(draw))).toMatchObject({ outcome: 'done' });
    expect(await changes.make(rollbackOf(notes))).toMatchObject({ outcome: 'done' });
    expect(machine.refs().filter((ref) => /Notes|Draw|3\.0/.test(ref))).toEqual([]);
  });

  it('changes nothing for what the policy or the remotes do not allow', async () => {
    const before = machine.refs();
    machine.publish('local', 'org.cordon.Secret', { runtime: '1.0' });
    machine.publish('local', 'org.cordon.Lost', { runtime: '9.0' });
    expect(await make('install', 'org.other.App')).toMatchObject({ code: 'not_permitted' });
    expect(await make('install', 'org.cordon.Secret')).toMatchObject({ code: 'not_permitted' });
    expect(await make('install', 'org.cordon.None')).toMatchObject({ code: 'not_found' });
    // flatpak itself would offer org.cordon.Maps for this name.
    expect(await make('install', 'org.cordon.Map')).toMatchObject({ code: 'not_found' });
    expect(await make('install', 'org.cordon.Lost')).toMatchObject({
      code: 'not_found',
      detail: expect.stringContaining('needs the runtime org.cordon.Platform/'),
    });
    expect(await make('install', MAPS, '1.0')).toMatchObject({ code: 'invalid_input' });
    expect(await make('install', MAPS, '0'.repeat(64))).toMatchObject({ code: 'not_found' });
    expect(await changes.make({ ...change('install', [{ name: MAPS }]), manager: 'apt' })).toMatchObject({
      code: 'not_supported',
    });
    const os = { op: 'update-os', attempt: newCommandId(), change: randomUUID(), scope: 'all' } as const;
    expect(await changes.make(os)).toMatchObject({ code: 'not_supported' });
    expect(machine.refs()).toEqual(before);
  });

  it('restores the earlier commits if a download fails, and reports the failure', async () => {
    machine.publishRuntime('local', 'org.cordon.Platform', '4.0');
    const kept = machine.publish('local', 'org.cordon.Frail', { runtime: '1.0' });
    const before = machine.refs();
    const install = change('install', [{ name: 'org.cordon.Frail' }]);
    expect(await changes.make(install)).toMatchObject({ outcome: 'done' });
    machine.publishBroken('local', 'org.cordon.Frail', { runtime: '4.0' });
    const update = change('update', [{ name: 'org.cordon.Frail' }]);
    expect(await changes.make(update)).toMatchObject({
      code: 'failed',
      steps: [{ name: 'org.cordon.Platform:4.0' }, { name: 'org.cordon.Frail', from: kept }],
      detail: expect.stringMatching(/^The earlier versions are restored\. flatpak failed\..*org\.cordon\.Frail/s),
    });
    expect(machine.commit('org.cordon.Frail')).toBe(kept);
    expect(await changes.make(rollbackOf(install))).toMatchObject({ outcome: 'done' });
    expect(machine.refs()).toEqual(before);
  });

  it('installs no extension that a remote publishes after the plan', async () => {
    machine.publishRuntime('local', 'org.cordon.Platform', '1.0');
    const version = machine.publish('local', 'org.cordon.Late', { runtime: '1.0', translated: true });
    const manager = flatpakManager(machine.run);
    const targets = [{ name: 'org.cordon.Late', version }];
    expect((await manager.plan(targets)).map(({ name }) => name)).not.toContain('org.cordon.Late.Locale:stable');
    machine.publishTranslations('local', 'org.cordon.Late');
    expect((await flatpakManager(machine.run).plan(targets)).map(({ name }) => name)).toContain(
      'org.cordon.Late.Locale:stable',
    );
    await manager.apply(targets);
    expect(machine.refs()).toContain('org.cordon.Late/stable');
    expect(machine.refs()).not.toContain('org.cordon.Late.Locale/stable');
  });

  it('refuses an application that another one replaces', async () => {
    machine.publish('local', 'org.cordon.Old', { runtime: '1.0' });
    expect(await make('install', 'org.cordon.Old')).toMatchObject({ outcome: 'done' });
    machine.publish('local', 'org.cordon.New', { runtime: '1.0' });
    machine.end('local', 'org.cordon.Old', 'org.cordon.New');
    expect(await make('update', 'org.cordon.Old')).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('org.cordon.New/'),
    });
    expect(machine.refs()).toContain('org.cordon.Old/stable');
    expect(machine.refs()).not.toContain('org.cordon.New/stable');
  });

  it('needs a commit if several remotes offer an application, and uses no disabled remote', async () => {
    machine.addRemote('second');
    const here = machine.publish('local', 'org.cordon.Twin', { runtime: '1.0' });
    machine.publish('second', 'org.cordon.Twin', { runtime: '1.0' });
    machine.publish('second', 'org.cordon.Only', { runtime: '1.0' });
    expect(await make('install', 'org.cordon.Twin')).toMatchObject({
      code: 'conflict',
      detail: expect.stringMatching(
        /app\/org\.cordon\.Twin\/.* in (?:local|second), .* in (?:local|second)\. Nothing was changed/,
      ),
    });
    expect(await make('install', 'org.cordon.Twin', here)).toMatchObject({ outcome: 'done' });
    expect(machine.commit('org.cordon.Twin')).toBe(here);
    machine.flatpak(['remote-modify', '--system', '--disable', 'second']);
    expect(await make('install', 'org.cordon.Only')).toMatchObject({ code: 'not_found' });
  });
});

it('reads the outputs of flatpak', () => {
  const table =
    ' 1.\t   \torg.x.Maps.Locale\tstable\ti\tflathub\t< 145 bytes\n 2.\t   \torg.x.Maps\tstable\tu\tflathub\t< 1\n\nProceed?';
  expect(parseTable(table)).toEqual([
    { id: 'org.x.Maps.Locale', branch: 'stable', operation: 'i', remote: 'flathub' },
    { id: 'org.x.Maps', branch: 'stable', operation: 'u', remote: 'flathub' },
  ]);
  const list =
    'org.x.Maps/x86_64/stable\thub\torg.x.P/x86_64/1.0\tcurrent\tabc\norg.x.P/x86_64/1.0\thub\t\truntime\tdef\norg.x.P/i386/1.0\thub\t\truntime\tdef\n';
  expect(parseInstalledRefs(list, 'x86_64').map(({ name, ref }) => [name, ref])).toEqual([
    ['org.x.Maps', 'app/org.x.Maps/x86_64/stable'],
    ['org.x.P:1.0', 'runtime/org.x.P/x86_64/1.0'],
  ]);
  const remote =
    'app/org.x.Maps/x86_64/stable\thub\teol=old,eol-rebase=app/org.x.New/x86_64/stable\nruntime/org.x.P/i386/1.0\thub\n';
  expect(parseRemoteRefs(remote, 'x86_64')).toEqual([
    { name: 'org.x.Maps', ref: 'app/org.x.Maps/x86_64/stable', remote: 'hub', rebase: 'app/org.x.New/x86_64/stable' },
  ]);
});
