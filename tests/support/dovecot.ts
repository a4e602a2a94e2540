/** A real Dovecot with the documented configuration, which serves the mirror of one agent by IMAP on loopback. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const EXAMPLE = join(import.meta.dirname, '../../agent/dovecot.conf.example');
/** User number of `nobody`. */
const NOBODY = 65_534;

export interface Dovecot {
  readonly port: number;
  log(): string;
  stop(): Promise<void>;
}

/** `home`: the agent's folder. */
export async function startDovecot(home: string): Promise<Dovecot> {
  const state = mkdtempSync('/tmp/dovecot-');
  const port = await freePort();
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? 'nobody' : userInfo().username;
  const group = isRoot ? 'nogroup' : String(process.getgid?.());
  const values: Record<string, string> = { STATE: state, USER: user, GROUP: group, HOME: home, PORT: String(port) };
  const config = readFileSync(EXAMPLE, 'utf8').replaceAll(/@([A-Z]+)@/g, (text, name) => values[name] ?? text);
  // Dovecot puts a link of this name into its own folder.
  const file = `${state}.conf`;
  writeFileSync(file, config);
  // Dovecot refuses to read mail as root. In this user namespace, root has the number of another user.
  const inside = isRoot ? ['unshare', '-U', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`] : [];
  const [program = '', ...args] = [...inside, 'dovecot', '-F', '-c', file];
  const path = `${process.env['PATH']}:/usr/sbin`;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: path } });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await until(() => {
    if (child.exitCode !== null || !log.includes('starting up')) throw new Error(`Dovecot does not run:\n${log}`);
  }, 20_000);
  return {
    port,
    log: () => log,
    async stop() {
      if (child.exitCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      for (const path of [state, file]) rmSync(path, { recursive: true, force: true });
    },
  };
}
