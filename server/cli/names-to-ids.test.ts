/** Names of groups, people, devices and policies on the command line, against the real API on the real store. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';

let api: ApiServer;
let run: (...args: string[]) => ReturnType<typeof runInProcess>;
const ids = { group: '', person: '', device: '', policy: '' };
const twins: string[] = [];

beforeAll(async () => {
  api = await startApi();
  const token = await api.token(await api.account('owner@example.org', [{ role: 'owner', group: null, area: null }]));
  run = (...args) => runInProcess(args, { CORDON_SERVER: api.url, CORDON_TOKEN: token });
  const group = await addGroup(api.database, 'This machine');
  const device = await addDevice(api.database, { group, user: 'Amina' });
  Object.assign(ids, { group, device });
  const json = async (...args: string[]) => {
    const { code, out, err } = await run(...args, '--json');
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out);
  };
  await json('devices', 'rename', device, 'Reception Oslo');
  ids.person = (await json('people', 'add', 'Bilal Khan', '--group', 'this  MACHINE')).id;
  for (let count = 0; count < 2; count += 1)
    twins.push((await json('people', 'add', 'Dana Twin', '--group', group)).id);
}, 60_000);
afterAll(() => api.close());

describe('on the command line, a name', () => {
  it('stands for the id of the only group, device or person that has it', async () => {
    const list = JSON.parse((await run('devices', 'list', '--group', 'This machine', '--json')).out);
    expect(list.devices.map(({ id }: { id: string }) => id)).toEqual([ids.device]);
    expect(JSON.parse((await run('devices', 'rename', 'reception oslo', 'Desk', '--json')).out).id).toBe(ids.device);
    expect(JSON.parse((await run('people', 'show', 'Bilal Khan', '--json')).out).id).toBe(ids.person);
  });

  it('is refused with all candidates if several people have it', async () => {
    const { code, err } = await run('people', 'show', 'dana twin');
    expect(code).toBe(EXIT.conflict);
    expect(err).toContain('2 people have the name “dana twin”');
    for (const id of twins) expect(err).toContain(id);
  });

  it.each([
    ['group', ['devices', 'list', '--group', 'Nowhere'], 'cordon groups list'],
    ['device', ['devices', 'show', 'Nowhere'], 'cordon devices list'],
    ['policy', ['compliance', 'counts', '--policy', 'Nowhere'], 'cordon policies list'],
    ['person', ['people', 'show', 'Nowhere'], 'cordon people list'],
  ])('of no %s is refused with the command that lists them', async (kind, args, list) => {
    const { code, err } = await run(...args);
    expect(code).toBe(EXIT.notFound);
    expect(err).toContain(
      `There is no ${kind} with the id or name “Nowhere” in your scope. Look for it with "${list}".`,
    );
  });
});
