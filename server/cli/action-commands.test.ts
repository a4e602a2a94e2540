/** `cordon actions`, and the step-up sign-in of the command line, against the real API on the real store. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { PASSWORD } from '../../tests/support/api-client.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { issuedTo } from '../../tests/support/issued-commands.ts';
import { STEP_UP_WITHIN } from '../admins/action-policy.ts';

let api: ApiServer;
let folder: string;
let devices: DeviceId[];
type Run = (...args: string[]) => ReturnType<typeof runInProcess>;
let first: Run;
let second: Run;
let secretOfFirst: string;

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-actions-'));
  const password = join(folder, 'password');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  const admin = async (name: string) => {
    const { email, secret } = await api.account(`${name}@example.org`, [{ role: 'fleet', group: null, area: null }]);
    const run: Run = (...args) =>
      runInProcess(args, { XDG_CONFIG_HOME: join(folder, name), CORDON_SERVER: api.url, CORDON_TOTP_SECRET: secret });
    expect((await run('sign-in', email, '--password-file', password)).err).toBe('');
    return { run, secret };
  };
  ({ run: first, secret: secretOfFirst } = await admin('first'));
  ({ run: second } = await admin('second'));
  const group = await addGroup(api.database, 'Fleet');
  devices = [];
  for (let index = 0; index < 7; index += 1) devices.push(await addDevice(api.database, { group }));
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

it('requires a second person, who reads and confirms the action', async () => {
  const unconfirmed = await first('commands', 'broadcast', 'wipe-workspace', '--all');
  expect([unconfirmed.code, unconfirmed.err]).toEqual([EXIT.usage, expect.stringContaining('add --count 7')]);
  const sent = await first('commands', 'broadcast', 'wipe-workspace', '--all', '--count', '7');
  expect(sent.code).toBe(EXIT.conflict);
  const id = /cordon actions confirm (act_[a-z2-7]+)/.exec(sent.err)?.[1] ?? '';
  expect((await first('actions', 'confirm', id)).err).toContain('[same_person]');
  // A mere proposal is no use of the limit.
  expect((await first('actions', 'list')).out).toContain(
    'revoked, retired, re-enrolled or reassigned 0 devices without a second person. One person may do so for at most 5 devices',
  );
  const listed = await second('actions', 'list');
  expect(listed.out).toMatch(new RegExp(`${id}  workspace.wipe  7  +pending  first@example.org`));
  const shown = await second('actions', 'show', id);
  for (const device of devices) expect(shown.out).toContain(device);
  expect((await second('actions', 'confirm', id, '--devices', '6')).code).toBe(EXIT.conflict);
  const confirmed = await second('actions', 'confirm', id, '--devices', '7');
  expect([confirmed.err, confirmed.out]).toEqual(['', `${id}: workspace.wipe for 7 devices performed.\n`]);
  expect((await issuedTo(api.database)).sort()).toEqual([...devices].sort());
});

it('declines an action with a reason', async () => {
  const sent = await first('commands', 'broadcast', 'unenroll', '--all', '--count', '7', '--json');
  const id: string = JSON.parse(sent.err).context.action;
  expect((await second('actions', 'decline', id, '--reason', 'Not today')).out).toBe(`${id} is declined.\n`);
  expect((await first('actions', 'list', '--json')).json().actions[0]).toMatchObject({ id, reason: 'Not today' });
});

it('sends a new authenticator code when an action needs one', async () => {
  const late = Date.now() - STEP_UP_WITHIN;
  await api.database.db.updateTable('sessions').set({ authenticated_at: late }).execute();
  // The code of this period has been used for the sign-in.
  await api.database.db.updateTable('accounts').set({ totp_last_step: 0 }).execute();
  const wipe = ['commands', 'send', devices[0] ?? '', 'wipe-workspace'];
  const without = { XDG_CONFIG_HOME: join(folder, 'first'), CORDON_SERVER: api.url };
  expect((await runInProcess(wipe, without)).err).toContain('[step_up_required]');
  const sent = await runInProcess(wipe, { ...without, CORDON_TOTP_SECRET: secretOfFirst });
  expect([sent.code, sent.err]).toEqual([0, '']);
});
