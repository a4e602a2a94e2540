/** An agent that cannot start prints one line for each problem, without a stack trace. Each case runs the real program. */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { programPath } from '../support/programs.ts';
import { root } from '../support/tools.ts';

const ENTRY = programPath('agent/cordon-agent.js');
const isRoot = root().present;

let folder: string;
const home = () => join(folder, 'home');
const identity = (name: string) => join(home(), 'identity', name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-agent-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function refused(env: Record<string, string>, asNobody = false): { lines: readonly string[]; code: number | null } {
  if (asNobody) chmodSync(folder, 0o755);
  const { status, stderr } = spawnSync(process.execPath, [ENTRY, '--home', home(), 'run'], {
    env: { ...process.env, CORDON_AGENT_GEOCLUE: 'off', ...env },
    encoding: 'utf8',
    timeout: 60_000,
    ...(asNobody && isRoot ? { uid: 65534, gid: 65534 } : {}),
  });
  const lines = stderr.trimEnd().split('\n');
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(lines.filter((line) => !line.startsWith('cordon-agent: '))).toEqual([]);
  expect(status).not.toBe(0);
  return { lines, code: status };
}

/** Files of an enrollment that the agent reads at its start. */
function enrolled(): void {
  mkdirSync(join(home(), 'identity'), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(identity('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(identity('root.pem'), 'a certificate', { mode: 0o600 });
  writeFileSync(identity('chain.pem'), 'certificates', { mode: 0o600 });
  const urls = { publicUrl: 'https://127.0.0.1:9', deviceUrl: 'wss://127.0.0.1:9' };
  const metadata = {
    device: 'dev_aaaaaaaaaaaaaaaa',
    code: 'a',
    ...urls,
    complete: true,
    generation: 1,
    installation: 'a',
  };
  writeFileSync(identity('enrollment.json'), JSON.stringify(metadata), { mode: 0o600 });
}

it.each<[string, Record<string, string>, () => void, RegExp]>([
  [
    'a misspelled variable',
    { [`CORDON_AGENT_${'HOEM'}`]: 'x' },
    enrolled,
    /_HOEM is not a setting of Cordon\. Did you mean CORDON_AGENT_HOME\?/,
  ],
  [
    'an invalid port',
    { CORDON_AGENT_GPSD_PORT: 'gps' },
    enrolled,
    /CORDON_AGENT_GPSD_PORT must be a whole number from 0/,
  ],
  ['an unknown log level', { CORDON_AGENT_LOG: 'loud' }, enrolled, /CORDON_AGENT_LOG must be one of debug, info/],
  [
    'a key that everyone can read',
    {},
    () => {
      enrolled();
      chmodSync(identity('key.pem'), 0o777);
    },
    /identity\/key\.pem has mode 0777: .* Run: chmod 600/,
  ],
  [
    'a damaged key',
    {},
    () => {
      enrolled();
      writeFileSync(identity('key.pem'), 'no key');
    },
    /identity\/key\.pem is damaged\. Restore it from a backup\. Or remove its folder and enroll/,
  ],
  [
    'damaged metadata',
    {},
    () => {
      enrolled();
      writeFileSync(identity('enrollment.json'), '{');
    },
    /identity\/enrollment\.json is damaged\. Restore it/,
  ],
  [
    'a state file that is no database',
    {},
    () => {
      enrolled();
      writeFileSync(join(home(), 'agent.db'), 'this is no database at all, and long enough. '.repeat(50));
    },
    /The agent’s state is damaged\. Restore agent\.db/,
  ],
  ['no enrollment', {}, () => mkdirSync(home()), /enroll/],
])('%s', (_what, env, prepare, line) => {
  prepare();
  expect(refused(env).lines).toEqual([expect.stringMatching(line)]);
});

it.skipIf(!isRoot)('a home folder of another user', () => {
  enrolled();
  expect(refused({}, true).lines).toEqual([expect.stringMatching(/no permission for .*home|state cannot be opened/)]);
});
