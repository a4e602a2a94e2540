/** Isolation of scripts from an agent without root. The secret is readable for every user, so only Landlock can refuse it. */

import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { linux } from '../../tests/support/tools.ts';
import { scriptFilter } from './script-filter.ts';
import { chooseIsolation, type Isolation, landlockRules } from './script-isolation.ts';
import { startScript } from './script-process.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cordon-home-'));
  chmodSync(home, 0o755);
  writeFileSync(join(home, 'key.pem'), 'secret', { mode: 0o644 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const ports = (unconfined: boolean, more: object = {}) => ({
  home,
  systemSocket: join(home, 'none'),
  unconfined,
  gpsdPort: 0,
  // A user other than root, so that the isolation is that of an agent without rights.
  uid: 500,
  ...more,
});

async function outputOf(text: string, isolation: Isolation): Promise<string> {
  let output = '';
  const run = startScript({
    command: newCommandId(),
    statement: { interpreter: 'sh', seconds: 20, memory: 256 },
    text,
    arguments: [],
    isolation,
    onOutput: (_stream, bytes) => {
      output += Buffer.from(bytes).toString();
    },
  });
  await run.ended;
  return output;
}

it('keeps a script out of the folder of the agent, or refuses scripts', async () => {
  const chosen = await chooseIsolation(ports(false)).catch((error: unknown) => error);
  if (chosen instanceof CordonError) {
    // This machine has no Landlock.
    expect(chosen).toMatchObject({ code: 'unavailable', message: expect.stringContaining('unconfined') });
    return;
  }
  const isolation = chosen as Isolation;
  const text = `cat ${home}/key.pem; echo x > ${home}/new; echo own > file; cat file; ls /usr > /dev/null && echo end`;
  const output = await outputOf(text, isolation);
  expect(output).not.toContain('secret');
  expect(output).toContain('own\nend\n');
  expect(output.match(/Permission denied/g)).toHaveLength(2);
});

it('unconfined scripts have the rights of the agent', async () => {
  const isolation = await chooseIsolation(ports(true));
  expect(await outputOf(`cat ${home}/key.pem`, isolation)).toBe('secret');
});

it('unconfined scripts do not run beside the system helper, which would make them root', async () => {
  const systemSocket = join(home, 'helper.sock');
  writeFileSync(systemSocket, '');
  await expect(chooseIsolation(ports(true, { systemSocket }))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('Remove the system helper'),
  });
});

it.skipIf(!linux().present)(
  'gives scripts no network while gpsd is on the machine, because it tells everyone the position',
  async () => {
    const gpsd = createServer().listen(0, '127.0.0.1');
    await once(gpsd, 'listening');
    const { port: gpsdPort } = gpsd.address() as AddressInfo;
    const text = `python3 -c "import socket; socket.create_connection(('127.0.0.1', ${gpsdPort})); print('connected')"`;
    expect(await outputOf(text, await chooseIsolation(ports(false)))).toBe('connected\n');
    const isolation = await chooseIsolation(ports(false, { gpsdPort }));
    expect(await outputOf(text, isolation)).toContain('PermissionError');
    gpsd.close();
    await once(gpsd, 'close');
    expect((await chooseIsolation(ports(false, { gpsdPort }))).filter).toEqual(scriptFilter(process.arch, true));
  },
);

it('hides the folder of the agent if a readable folder is a link to it', () => {
  const link = join(home, 'opt');
  mkdirSync(join(home, 'data'));
  symlinkSync(join(home, 'data'), link);
  const readable = (secret: string) => landlockRules([secret], [link]).length > 2;
  expect(existsSync(link)).toBe(true);
  expect(readable('/nonexistent')).toBe(true);
  // The agent's folder is below the target of the link, and does not exist yet.
  expect(readable(join(home, 'data', 'agent', 'socket'))).toBe(false);
});

it('hides a folder of the agent whose name begins with two dots', () => {
  const opt = join(home, 'opt');
  mkdirSync(join(opt, '..agent'), { recursive: true });
  expect(landlockRules([join(opt, '..agent')], [opt])).toEqual(['--landlock-access', 'fs']);
  expect(landlockRules([join(home, '..agent')], [opt])).toHaveLength(4);
});
