/**
 * A real Postfix as a company's mail server, with its own configuration and queue, on loopback and ports of its own. It relays the company's
 * domain to the mail connector, and keeps mail for the outside domain in Maildir folders. Postfix needs root.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { greets, idsOf } from './mail-daemon.ts';
import { tool } from './tools.ts';
import { until } from './until.ts';

export const postfixTool = tool('postfix', 'Debian: postfix');

export const COMPANY = 'corp.example';
export const OUTSIDE = 'outside.example';
const MASTER = `
127.0.0.1:PORT inet n - n - - smtpd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

export interface Postfix {
  readonly port: number;
  /** Messages in the Maildir of an outside address, such as `otto`, in sequence of arrival. */
  mailbox(user: string): readonly string[];
  log(): string;
  /** Number of messages in the queue. */
  queued(): number;
  /** Attempts all queued messages now. */
  flush(): void;
  stop(): Promise<void>;
}

/** `connector`: port of the mail connector. `authority`: PEM of the authority that signed the connector's certificate. */
export async function startPostfix(
  connector: number,
  authority: string,
  users: readonly string[],
  port: number,
): Promise<Postfix> {
  const folder = mkdtempSync(join(tmpdir(), 'postfix-'));
  chmodSync(folder, 0o755);
  const [config, queue, data, mail] = ['config', 'queue', 'data', 'mail'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const each of [config, queue, data, mail]) mkdirSync(each, { mode: 0o755 });
  const { uid, gid } = idsOf('postfix');
  const nobody = idsOf('nobody');
  chownSync(data, uid, gid);
  chownSync(mail, nobody.uid, nobody.gid);
  const log = join(folder, 'log');
  writeFileSync(join(config, 'connector-authority.pem'), authority);
  writeFileSync(join(config, 'master.cf'), MASTER.trimStart().replace('PORT', String(port)));
  const boxes = users.map((user) => `{ ${user}@${OUTSIDE} = ${user}/ }`).join(', ');
  const settings: Record<string, string> = {
    compatibility_level: '3.6',
    queue_directory: queue,
    data_directory: data,
    maillog_file: log,
    maillog_file_prefixes: folder,
    myhostname: `mail.${COMPANY}`,
    mydestination: '',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    mynetworks: '127.0.0.0/8',
    smtpd_recipient_restrictions: 'permit_mynetworks, reject',
    relay_domains: COMPANY,
    relay_transport: `relay:[127.0.0.1]:${connector}`,
    relay_recipient_maps: '',
    relay_destination_concurrency_limit: '2',
    virtual_mailbox_domains: OUTSIDE,
    virtual_mailbox_base: mail,
    virtual_mailbox_maps: `inline:{ ${boxes} }`,
    virtual_uid_maps: `static:${nobody.uid}`,
    virtual_gid_maps: `static:${nobody.gid}`,
    virtual_minimum_uid: '1',
    virtual_mailbox_limit: '0',
    mailbox_size_limit: '0',
    message_size_limit: String(40 * 1024 * 1024),
    smtp_tls_security_level: 'encrypt',
    smtp_tls_CAfile: join(config, 'connector-authority.pem'),
    // A company's mail server tries again after minutes. The test does not wait that long.
    minimal_backoff_time: '1s',
    maximal_backoff_time: '2s',
    queue_run_delay: '1s',
    transport_retry_time: '1s',
    smtp_host_lookup: 'native',
    smtp_destination_concurrency_failed_cohort_limit: '1000',
    relay_destination_concurrency_failed_cohort_limit: '1000',
    alias_maps: '',
    alias_database: '',
  };
  writeFileSync(
    join(config, 'main.cf'),
    Object.entries(settings)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  );
  const run = (program: string, ...args: string[]) =>
    spawnSync(program, ['-c', config, ...args], { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
  const made = run('postfix', 'check');
  let output = made.stderr;
  const child: ChildProcess = spawn('postfix', ['-c', config, 'start-fg'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const logged = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      run('postfix', 'stop');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`Postfix ended with ${child.exitCode}`);
      if (!(await greets(port, '220'))) throw new Error('Postfix does not respond');
    }, 20_000);
  } catch (cause) {
    const text = `${output}\n${logged()}`;
    await stop();
    throw new Error(`Postfix did not start:\n${text}`, { cause });
  }

  return {
    port,
    mailbox(user) {
      const box = join(mail, user, 'new');
      if (!existsSync(box)) return [];
      const names = readdirSync(box).sort((a, b) => timeOf(a) - timeOf(b));
      return names.map((name) => readFileSync(join(box, name), 'latin1'));
    },
    log: logged,
    queued: () => run('postqueue', '-j').stdout.split('\n').filter(Boolean).length,
    flush: () => void run('postqueue', '-f'),
    stop,
  };
}

/** Arrival time in the name of a Maildir file, in microseconds. */
function timeOf(name: string): number {
  const [, seconds = '0', micros = '0'] = /^(\d+)\..*M(\d+)/.exec(name) ?? [];
  return Number(seconds) * 1e6 + Number(micros);
}
