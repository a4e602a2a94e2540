/** Updates of a machine with apt and flatpak, with the real programs on a machine of its own. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { UpdateScope } from '../../shared/software/software-change.ts';
import { AptMachine, aptMachines } from '../../tests/support/apt-machine.ts';
import { FlatpakMachine, flatpakMachines } from '../../tests/support/flatpak-machine.ts';
import { changesOn, rollbackOf } from '../../tests/support/package-requests.ts';
import { packageRoots } from '../../tests/support/package-root.ts';
import { aptManager } from './apt.ts';
import type { Changes } from './changes.ts';
import { dnfManager } from './dnf.ts';
import { flatpakManager } from './flatpak.ts';
import { type ChangeResponse, LONGEST_DETAIL } from './requests.ts';
import { toolRunner } from './run-tool.ts';
import { applicationsOf, combined } from './update-parts.ts';

const MAPS = 'org.cordon.Maps';
const present = aptMachines.present && flatpakMachines.present && packageRoots.present;

describe.skipIf(!present)('an update of a machine with apt and flatpak', { timeout: 120_000 }, () => {
  let deb: AptMachine;
  let hub: FlatpakMachine;
  let changes: Changes;
  beforeAll(() => {
    deb = new AptMachine();
    hub = new FlatpakMachine();
    const run = toolRunner(deb.env);
    const managers = { apt: aptManager(run, deb.folder), dnf: dnfManager(hub.run), flatpak: flatpakManager(hub.run) };
    changes = changesOn(deb, managers, { allow: [], deny: [] });
    deb.publish('cordon-demo', '1.0');
    deb.run('apt-get', 'update');
    deb.run('apt-get', '--yes', 'install', 'cordon-demo');
    hub.addRemote('local');
    hub.publishRuntime('local', 'org.cordon.Platform', '1.0');
    for (const id of [MAPS, 'org.cordon.Old']) {
      hub.publish('local', id, { runtime: '1.0' });
      hub.flatpak(['install', '--system', '--noninteractive', 'local', id]);
    }
  }, 60_000);
  afterAll(() => {
    deb?.remove();
    hub?.remove();
  });

  const update = (scope: UpdateScope) =>
    ({ op: 'update-os', attempt: newCommandId(), change: randomUUID(), scope }) as const;

  it('updates both, leaves a replaced application, and rolls both back', async () => {
    const before = hub.commit(MAPS);
    deb.publish('cordon-demo', '2.0');
    const after = hub.publish('local', MAPS, { runtime: '1.0' });
    hub.publish('local', 'org.cordon.New', { runtime: '1.0' });
    hub.end('local', 'org.cordon.Old', 'org.cordon.New');

    const security = await changes.make(update('security'));
    expect(security).toMatchObject({
      outcome: 'done',
      detail:
        'System packages: No change was necessary. Applications: No change was necessary. flatpak does not say which updates are for security, so it updated nothing.',
    });
    const all = update('all');
    const response = await changes.make(all);
    expect(response).toMatchObject({
      outcome: 'done',
      steps: [
        { name: 'cordon-demo', from: '1.0', to: '2.0' },
        { name: MAPS, from: before, to: after },
      ],
      detail: expect.stringMatching(
        /^System packages: cordon-demo 1\.0 → 2\.0\. Applications: org\.cordon\.Maps .* → .*\. org\.cordon\.Old stays, because .*New.* replaces it\.$/,
      ),
    });
    expect([deb.version('cordon-demo'), hub.commit(MAPS)]).toEqual(['2.0', after]);
    expect(await changes.make({ ...all, attempt: newCommandId() })).toEqual(response);
    expect(await changes.make({ ...all, attempt: newCommandId(), scope: 'security' })).toMatchObject({
      code: 'conflict',
    });

    expect(await changes.make(rollbackOf(all))).toMatchObject({ outcome: 'done' });
    expect([deb.version('cordon-demo'), hub.commit(MAPS)]).toEqual(['1.0', before]);
  });

  it('keeps the updated packages if the applications fail, says so, and repeats only the failed part', async () => {
    const before = hub.commit(MAPS);
    hub.publishBroken('local', MAPS, { runtime: '1.0' });
    const all = update('all');
    expect(await changes.make(all)).toMatchObject({
      outcome: 'failed',
      code: 'failed',
      detail: expect.stringMatching(
        /^System packages: cordon-demo 1\.0 → 2\.0\. Applications failed: Nothing was changed\. flatpak failed\./,
      ),
    });
    expect([deb.version('cordon-demo'), hub.commit(MAPS)]).toEqual(['2.0', before]);
    const fixed = hub.publish('local', MAPS, { runtime: '1.0' });
    expect(await changes.make({ ...all, attempt: newCommandId() })).toMatchObject({
      outcome: 'done',
      detail: expect.stringMatching(/^System packages: cordon-demo 1\.0 → 2\.0\. Applications: org\.cordon\.Maps/),
    });
    expect(hub.commit(MAPS)).toBe(fixed);
    expect(deb.log('cordon-demo').filter((line) => line === 'upgrade 1.0 2.0')).toHaveLength(2);
    expect(await changes.make(rollbackOf(all))).toMatchObject({ outcome: 'done' });
    expect([deb.version('cordon-demo'), hub.commit(MAPS)]).toEqual(['1.0', before]);
  });
});

describe('parts of an update', () => {
  it('have ids of their own, always the same ones', () => {
    const change = '6f2c0a3e-0d3b-4c1e-9a55-0f8f7a1f2b3c';
    expect(applicationsOf(change)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(applicationsOf(change)).toBe(applicationsOf(change));
    expect(applicationsOf(change)).not.toBe(applicationsOf(randomUUID()));
  });

  it('have one result, in which a long text of one part leaves room for the other', () => {
    const done: ChangeResponse = { outcome: 'done', steps: [], detail: 'x'.repeat(LONGEST_DETAIL) };
    const lost: ChangeResponse = { outcome: 'failed', code: 'not_found', steps: [], detail: 'The remote is gone.' };
    const both = combined(done, lost);
    expect(both).toMatchObject({ outcome: 'failed', code: 'not_found' });
    expect(both.detail).toMatch(/^System packages: x+ Applications failed: The remote is gone\.$/);
    expect(both.detail.length).toBeLessThanOrEqual(LONGEST_DETAIL);
    expect(combined(done, done).outcome).toBe('done');
  });
});
