/** A real Dovecot with one mailbox, on loopback and a port of its own. Dovecot needs root. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { greets, idsOf } from './mail-daemon.ts';
import { tool } from './tools.ts';
import { until } from './until.ts';

export const dovecotTool = tool('dovecot', 'Debian: dovecot-imapd');

export const MAILBOX_USER = 'journal';
export const MAILBOX_PASSWORD = 'a secret';

export interface DovecotMailbox {
  readonly port: number;
  /** Puts a message into the mailbox, as a mail server does. */
  deliver(message: string): void;
  /** Number of messages in the folder, and how many of them are marked as seen. `folder`: null for the inbox. */
  count(folder: string | null): { readonly all: number; readonly seen: number };
  /** Removes the mark of every message that it was seen. */
  unsee(): void;
  createFolder(name: string): void;
  log(): string;
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function startDovecotMailbox(): Promise<DovecotMailbox> {
  const folder = mkdtempSync(join(tmpdir(), 'dovecot-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const [mail, run, log] = [join(folder, 'mail'), join(folder, 'run'), join(folder, 'log')];
  const { uid, gid } = idsOf('nobody');
  for (const each of [mail, join(mail, 'cur'), join(mail, 'new'), join(mail, 'tmp')]) {
    mkdirSync(each);
    chownSync(each, uid, gid);
  }
  writeFileSync(
    join(folder, 'dovecot.conf'),
    `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = ${run}
state_dir = ${run}
log_path = ${log}
listen = 127.0.0.1
protocols {
  imap = yes
}
ssl = no
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ${mail}
first_valid_uid = 1
first_valid_gid = 1
namespace inbox {
  inbox = yes
  separator = /
}
passdb static {
  password = ${MAILBOX_PASSWORD}
}
userdb static {
  fields {
    uid = ${uid}
    gid = ${gid}
    home = ${mail}
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
  );
  let child: ChildProcess | null = null;
  let delivered = 0;
  const logged = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');

  async function start(): Promise<void> {
    const made = spawn('dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    made.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child = made;
    await until(async () => {
      if (made.exitCode !== null) throw new Error(`Dovecot ended:\n${output}\n${logged()}`);
      if (!(await greets(port, '* OK'))) throw new Error(`Dovecot does not respond:\n${output}\n${logged()}`);
    }, 20_000);
  }

  async function stop(): Promise<void> {
    const ending = child;
    child = null;
    if (!ending || ending.exitCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill('SIGTERM');
    await ended;
  }

  await start();
  return {
    port,
    deliver(message) {
      delivered += 1;
      const name = `${Date.now()}.${delivered}.test`;
      const path = join(mail, 'tmp', name);
      writeFileSync(path, message.replaceAll('\r\n', '\n'));
      chownSync(path, uid, gid);
      // A Maildir delivery ends with an atomic rename.
      renameSync(path, join(mail, 'new', name));
    },
    count(of) {
      const box = of === null ? mail : join(mail, `.${of}`);
      const names = ['new', 'cur'].flatMap((each) => (existsSync(join(box, each)) ? readdirSync(join(box, each)) : []));
      return { all: names.length, seen: names.filter((name) => /:2,.*S/.test(name)).length };
    },
    unsee() {
      for (const name of readdirSync(join(mail, 'cur'))) {
        renameSync(join(mail, 'cur', name), join(mail, 'cur', name.replace(/(?<=:2,.*)S/, '')));
      }
    },
    createFolder(name) {
      for (const each of ['', 'cur', 'new', 'tmp']) {
        const path = join(mail, `.${name}`, each);
        mkdirSync(path, { recursive: true });
        chownSync(path, uid, gid);
      }
    },
    log: logged,
    start,
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
