/**
 * A mail engine in a process that kills itself with -9 before a given step. Steps are calls of the store, of the workspace and of the
 * server, each also after its effect. The parent process has the mail service and passes its results.
 */
import { join } from 'node:path';
import type { MailClient } from '../../agent/mail/mail-client.ts';
import { createMailEngine } from '../../agent/mail/mail-engine.ts';
import { createVault } from '../../agent/messaging/keys/vault.ts';
import type { Member } from '../../agent/messaging/members/member.ts';
import { openAgentStore } from '../../agent/store/agent-store.ts';
import { openWorkspace } from '../../agent/workspace/workspace.ts';
import { CordonError, type ErrorCode } from '../../shared/errors.ts';
import type { Self } from '../../shared/seal/terms.ts';

export interface MailStart {
  readonly folder: string;
  readonly self: Self;
  readonly members: readonly Member[];
  /** Step before which the process kills itself; null: never. */
  readonly fuse: number | null;
  /** Subject of a mail to send; null: none. */
  readonly write: string | null;
}

export type FromAgent =
  | { readonly type: 'call'; readonly id: number; readonly name: keyof MailClient; readonly args: readonly unknown[] }
  /** The mail is durable on the device. */
  | { readonly type: 'written'; readonly subject: string }
  | {
      readonly type: 'done';
      readonly steps: number;
      readonly inbox: readonly string[];
      readonly sent: readonly string[];
    };

export type ToAgent =
  | { readonly type: 'start'; readonly start: MailStart }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly code: ErrorCode; readonly message: string };

let steps = 0;
let fuse: number | null = null;
function step(): void {
  steps += 1;
  if (steps === fuse) process.kill(process.pid, 'SIGKILL');
}

/** Counts each call, and each result. */
function mortal<T extends object>(target: T): T {
  return new Proxy(target, {
    get(of, name) {
      const verb: unknown = Reflect.get(of, name, of);
      if (typeof verb !== 'function') return verb;
      return (...args: unknown[]) => {
        step();
        const result: unknown = Reflect.apply(verb, of, args);
        if (result instanceof Promise) return result.finally(step);
        step();
        return result;
      };
    },
  });
}

const tell = (message: FromAgent) => void process.send?.(message);
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
let calls = 0;

const client = new Proxy({} as MailClient, {
  get:
    (_target, name) =>
    (...args: unknown[]) =>
      new Promise((resolve, reject) => {
        calls += 1;
        waiting.set(calls, { resolve, reject });
        tell({ type: 'call', id: calls, name: name as keyof MailClient, args });
      }),
});

async function run({ folder, self, members, fuse: given, write }: MailStart): Promise<void> {
  const { device, generation } = self;
  const own = members.find((member) => member.device === device);
  if (!own) throw new Error('the device is no member');
  const workspace = await openWorkspace(join(folder, 'workspace'));
  const rows = openAgentStore({ file: join(folder, 'agent.db'), synchronous: 'normal' }).device(device);
  const vault = createVault({ workspace, store: rows.messaging });
  await vault.open();
  fuse = given;
  const mail = createMailEngine({
    identity: { device, generation, installation: 'test' },
    foundation: {
      vault,
      membership: {
        own: () => ({ state: 'member', person: own.person, name: own.name }),
        membersOf: async (people) =>
          new Map(people.map((person) => [person, members.filter((member) => member.person === person)])),
        async memberOf(id) {
          const found = members.find((member) => member.device === id);
          if (found) return found;
          throw new CordonError('unverified_member', `${id} is not verified`);
        },
      },
      self: () => self,
      own: () => ({ person: own.person, name: own.name }),
      openVault: async () => true,
    },
    store: mortal(rows.mail),
    workspace: mortal(workspace),
    client: mortal(client),
    gate: () => ({ service: 'mail', open: true, reasons: [], denials: [], since: 0 }),
    now: Date.now,
    announce: () => undefined,
    alert: (code, detail) => void process.stderr.write(`${code} ${detail}\n`),
    onFailure: (what, error) => void process.stderr.write(`${what} ${String(error)}\n`),
  });
  mail.welcomed();
  await mail.maintain();
  if (write !== null) {
    const id = await mail.createDraft('new', null);
    await mail.saveDraft(id, { to: 'zoe@example.org', cc: '', bcc: '', subject: write, text: 'Hello' });
    await mail.sendDraft(id);
    tell({ type: 'written', subject: write });
    await mail.maintain();
  }
  fuse = null;
  const subjects = (folderName: 'inbox' | 'sent') =>
    mail.list(folderName, { before: null, limit: 1000 }).map(({ subject }) => subject);
  tell({ type: 'done', steps, inbox: subjects('inbox'), sent: subjects('sent') });
  await mail.stop();
  process.disconnect?.();
}

process.on('message', (message: ToAgent) => {
  if (message.type === 'start') return void run(message.start);
  const call = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.type === 'result') call?.resolve(message.value);
  else call?.reject(new CordonError(message.code, message.message));
});
