/**
 * `kill -9` of the server around a change. The activity log has an entry for every change that happened, and states an unknown outcome where
 * the server could not record it.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { activityList } from '../../shared/api/activity.ts';
import { groupList, groupView } from '../../shared/api/groups.ts';
import { arm } from '../support/mortal-process.ts';
import type { DeathAt } from '../support/mortal-writes.ts';
import { firstOwner, type Person } from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

let server: ServerProcess;
let owner: Person;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-activity-kill-'));
  server = await startServerProcess({
    NODE_OPTIONS: `--import ${import.meta.resolve('../support/mortal-process.ts')}`,
    MORTAL_FOLDER: folder,
  });
  owner = await firstOwner(server.admin, server.firstOwner);
}, 60_000);
afterAll(async () => {
  await server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

it.each<[string, DeathAt, { made: boolean; outcomes: string[] }]>([
  [
    'before the entry',
    { write: 'insert activity_entries', nth: 1, side: 'in front of' },
    { made: false, outcomes: [] },
  ],
  ['during the change', { write: 'insert groups', nth: 1, side: 'behind' }, { made: false, outcomes: ['unknown'] }],
  [
    'before the outcome',
    { write: 'update activity_entries', nth: 1, side: 'in front of' },
    { made: true, outcomes: ['unknown'] },
  ],
])('killed %s', { timeout: 60_000 }, async (name, death, { made, outcomes }) => {
  const before = await entries();
  await arm(folder, server.process.pid ?? 0, death);
  const died = once(server.process, 'exit');
  await owner.api.call('POST', '/groups', groupView, { name, home: null, seat: null }).catch(() => undefined);
  await died;
  await server.start();
  const { groups } = await owner.api.call('GET', '/groups', groupList);
  expect(groups.some((group) => group.name === name)).toBe(made);
  const added = (await entries()).filter(({ id }) => !before.some((old) => old.id === id));
  expect(added.map(({ outcome }) => outcome)).toEqual(outcomes);
});

const entries = async () =>
  (await owner.api.call('GET', '/activity?action=groups.create&limit=200', activityList)).entries;
