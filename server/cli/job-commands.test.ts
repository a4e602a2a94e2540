/** `cordon commands broadcast` with job options, and `cordon jobs`, against the real API on the real store. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';

let api: ApiServer;
let folder: string;
let devices: DeviceId[];
let run: (...args: string[]) => ReturnType<typeof runInProcess>;
let scoped: typeof run;

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-jobs-'));
  const group = await addGroup(api.database, 'Fleet');
  const other = await addGroup(api.database, 'Other');
  devices = [];
  for (let index = 0; index < 4; index += 1) devices.push(await addDevice(api.database, { group }));
  devices.push(await addDevice(api.database, { group: other }));
  const runAs = async (email: string, ofGroup: typeof group | null) => {
    const account = await api.account(email, [{ role: 'helpdesk', group: ofGroup, area: null }]);
    const token = await api.token(account);
    return (...args: string[]) => runInProcess(args, { CORDON_SERVER: api.url, CORDON_TOKEN: token });
  };
  run = await runAs('all@example.org', null);
  scoped = await runAs('some@example.org', group);
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

it('creates a job with waves, shows it, pauses, resumes and aborts it, and exports its devices', async () => {
  const options = ['--waves', '1,50%', '--stop-at', '5', '--attempts', '3', '--window', '22:00-04:00', '--days', '1,2'];
  const sent = await run('commands', 'broadcast', 'refresh-inventory', '--all', '--name', 'Night', ...options);
  expect([sent.code, sent.err]).toEqual([0, '']);
  const [id = ''] = sent.out.split(' ');
  const list = await run('jobs', 'list', '--state', 'running', '--mine');
  expect(list.out).toMatch(new RegExp(`${id}\\s+refresh-inventory\\s+running\\s+5\\s+0\\s+0\\s+1/3\\s+\\S+\\s+Night`));
  const namesOf = async (text: string) =>
    JSON.parse((await run('jobs', 'list', '--text', text, '--json')).out).jobs.map((job: { name: string }) => job.name);
  expect(await namesOf('inventory NIGHT')).toEqual(['Night']);
  expect(await namesOf('day')).toEqual([]);
  const shown = JSON.parse((await run('jobs', 'show', id, '--json')).out);
  expect(shown).toMatchObject({
    stop: { percent: 5, minimum: 20 },
    retry: { attempts: 3, backoff: 300 },
    window: { from: '22:00', to: '04:00', days: [1, 2] },
    waves: [{ devices: 1 }, { devices: 3 }, { devices: 1 }],
  });

  // A role for one group sees its devices, and does not control a job with others.
  expect(JSON.parse((await scoped('jobs', 'show', id, '--json')).out)).toMatchObject({ total: 4 });
  const refused = await scoped('jobs', 'abort', id);
  expect([refused.code, refused.err]).toEqual([EXIT.forbidden, expect.stringContaining('includes 4 of the 5 devices')]);

  expect((await run('jobs', 'pause', id, '--reason', 'too many calls')).out).toMatch(/paused by .*: too many calls/);
  expect((await run('jobs', 'resume', id, '--never-stop')).out).toContain(`${id} refresh-inventory running`);
  expect(JSON.parse((await run('jobs', 'show', id, '--json')).out).stop).toBeNull();
  const page = JSON.parse((await run('jobs', 'devices', id, '--limit', '2', '--json')).out);
  expect(page.devices.map((row: { wave: number }) => row.wave)).toEqual([1, 2]);
  const rest = JSON.parse((await run('jobs', 'devices', id, '--after', page.next, '--json')).out);
  expect([rest.devices.length, rest.next]).toEqual([3, null]);
  expect((await run('jobs', 'abort', id)).out).toContain('aborted');
  const late = await run('jobs', 'resume', id);
  expect([late.code, late.err]).toEqual([EXIT.conflict, expect.stringContaining('too late to resume')]);

  const file = join(folder, 'job.csv');
  expect((await run('jobs', 'export', id, file)).code).toBe(0);
  const [head, ...rows] = readFileSync(file, 'utf8').trimEnd().split('\r\n');
  expect(head).toBe('device,user,host,wave,released,state,attempt,delivered,finished,detail');
  expect(rows.map((row) => row.split(',')[0])).toEqual([...devices].sort());
  expect(rows.every((row) => row.includes(',canceled,1,,'))).toBe(true);
});

it('refuses options that the command does not allow', async () => {
  const wrong = await run('commands', 'broadcast', 'refresh-inventory', '--all', '--waves', 'ten');
  expect([wrong.code, wrong.err]).toEqual([EXIT.usage, expect.stringContaining('--waves')]);
  const joining = await run('commands', 'broadcast', 'lock-workspace', '--all', '--late-joiners');
  expect([joining.code, joining.err]).toEqual([EXIT.usage, expect.stringContaining('cannot join')]);
});
