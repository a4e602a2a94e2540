/**
 * The server's process is killed with -9 repeatedly while it evaluates dynamic groups, and while facts of devices change. After each start,
 * the server continues. In the end, each group has exactly the devices for which its expression is true.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { openDatabase } from '../../server/store/database.ts';
import { devicePage } from '../../shared/api/devices.ts';
import { groupDetail, groupView } from '../../shared/api/groups.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet } from '../support/located-fleet.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 4);
const DEVICES = 3_000;

let server: ServerProcess;
let operator: Operator;
let office: GroupId;

beforeAll(async () => {
  const mortal = import.meta.resolve('../support/mortal-sqlite.ts');
  server = await startServerProcess({ NODE_OPTIONS: `--import ${mortal}` });
  operator = await setUp(server.admin, server.firstOwner);
  await server.stop();
  const database = await openDatabase({ file: join(server.home, 'cordon.db') });
  office = await addGroup(database, 'Office', 'PK');
  const homes = ['FR', 'DE', null];
  await addLocatedFleet(
    database,
    office,
    Date.now(),
    Array.from({ length: DEVICES }, (_, index) => ({ user: `User ${index}`, home: homes[index % 3] ?? null })),
  );
  await database.close();
  await server.start();
}, 120_000);
afterAll(() => server?.remove());

/** Kills the server before one of its next statements, or from outside if it is idle, and starts it again. */
async function killAndStart(): Promise<void> {
  const gone = once(server.process, 'exit');
  server.process.kill('SIGUSR2');
  await Promise.race([gone, delay(2_000)]);
  await server.kill();
  await server.start();
}

it(`evaluates groups completely, although the server is killed with -9 ${KILLS * 2} times`, {
  timeout: 120_000 + KILLS * 20_000,
}, async () => {
  const { owner, as } = operator;
  const create = async (name: string, expression: string) =>
    (await as(owner, 'POST', '/groups', groupView, { name, expression })).id;
  const totalOf = async (group: GroupId) =>
    (await as(owner, 'GET', `/devices?group=${group}&limit=1`, devicePage)).total;
  const complete = (group: GroupId) =>
    until(
      async () => expect((await as(owner, 'GET', `/groups/${group}`, groupDetail)).complete).toBe(true),
      60_000,
      100,
    );

  const groups: [GroupId, number][] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    groups.push([await create(`French ${kill}`, 'home == "FR"'), DEVICES / 3]);
    groups.push([await create(`Other ${kill}`, 'home != "FR" && known(home)'), (DEVICES * 2) / 3]);
    await killAndStart();
  }
  for (const [group, expected] of groups) {
    await complete(group);
    expect(await totalOf(group)).toBe(expected);
  }

  const { devices } = await as(owner, 'GET', `/devices?group=${groups[0]?.[0]}&limit=200`, devicePage);
  let moved = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    for (const { id } of devices.slice(kill * 2, kill * 2 + 2)) {
      await as(owner, 'PATCH', `/devices/${id}`, z.unknown(), { home: 'SE' });
      moved += 1;
    }
    await killAndStart();
  }
  for (const [group, before] of groups) {
    const expected = before === DEVICES / 3 ? before - moved : before + moved;
    await until(async () => expect(await totalOf(group)).toBe(expected), 60_000, 100);
  }
});
