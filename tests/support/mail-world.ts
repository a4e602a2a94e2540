/**
 * Mail without processes: real mail engines over real stores and workspaces. The server's mail service is in memory (`mail-service.ts`). The
 * connector's side uses `shared/seal` directly. A list names the devices that the organization has verified.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GateView } from '../../agent/enforcement/gate-view.ts';
import type { MailClient } from '../../agent/mail/mail-client.ts';
import type { MailEngine } from '../../agent/mail/mail-engine.ts';
import { createMailEngine } from '../../agent/mail/mail-engine.ts';
import { type OpenedMail, openMail } from '../../agent/mail/open-mail.ts';
import { handOverMail, mailKeysOf } from '../../agent/mail/send-mail.ts';
import { createVault } from '../../agent/messaging/keys/vault.ts';
import type { Member } from '../../agent/messaging/members/member.ts';
import { type AgentStore, openAgentStore } from '../../agent/store/agent-store.ts';
import { openWorkspace, type Workspace } from '../../agent/workspace/workspace.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailResponse } from '../../shared/protocol/mail-http.ts';
import { makeMailKey } from '../../shared/seal/mail-key.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import { MailService } from './mail-service.ts';
import { personCalled } from './persons.ts';

export interface MailDevice {
  readonly id: DeviceId;
  readonly self: Self;
  readonly name: string;
  readonly folder: string;
  readonly store: AgentStore;
  readonly workspace: Workspace;
  readonly mail: MailEngine;
  readonly alerts: string[];
  readonly announced: string[];
  readonly failures: unknown[];
  /** Order that the device's own gate enforces. */
  gate: {
    readonly order: string;
    readonly waiting?: WaitingRule;
    readonly since?: number;
    readonly statement?: Readonly<Record<string, string>>;
  } | null;
  /** Ends the agent, as a crash does. */
  stop(): Promise<void>;
}

export interface TestConnector {
  readonly self: Self;
  /** Seals a message to all devices of a person, and hands it to the server. */
  deliver(name: string, message: string | Buffer, more?: { id?: string }): Promise<MailResponse>;
  /** Fetches, opens and acknowledges the mails in the connector's queue. */
  receive(): Promise<readonly OpenedMail[]>;
}

/** Server on which the devices enroll. */
export interface MailServer {
  enroll(name: string, mailConnector: boolean): Promise<{ readonly device: DeviceId; readonly client: MailClient }>;
}

export class MailWorld {
  /** Service in memory, if the world has no other server. */
  readonly service = new MailService();
  readonly #server: MailServer;
  readonly #installation: string;
  readonly #clients = new Map<DeviceId, MailClient>();
  readonly members: Member[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'cordon-mail-'));
  readonly #running = new Set<MailDevice>();
  #count = 0;

  constructor(server?: MailServer, installation = 'test') {
    this.#server = server ?? this.service;
    this.#installation = installation;
  }

  async #enroll(name: string, mailConnector: boolean): Promise<Self> {
    const { device, client } = await this.#server.enroll(name, mailConnector);
    this.#clients.set(device, client);
    return { device, generation: 1, key: await makeSigningKey() };
  }

  #clientOf(device: DeviceId): MailClient {
    const client = this.#clients.get(device);
    if (!client) throw new Error(`${device} is not enrolled`);
    return client;
  }

  async enroll(name: string, { email = addressOf(name) }: { email?: string | null } = {}): Promise<MailDevice> {
    const self = await this.#enroll(name, false);
    this.#verify(self, { name, email });
    const folder = join(this.#folder, `device-${this.#count++}`);
    const workspace = await openWorkspace(join(folder, 'workspace'));
    return this.boot({ id: self.device, self, name, folder, workspace });
  }

  /** Starts an agent with the data in a folder, and connects it. */
  async boot(given: Pick<MailDevice, 'id' | 'self' | 'name' | 'folder' | 'workspace'>): Promise<MailDevice> {
    const { id, self, name, folder, workspace } = given;
    const store = openAgentStore({ file: join(folder, 'agent.db'), synchronous: 'normal' });
    const rows = store.device(id);
    const vault = createVault({ workspace, store: rows.messaging });
    const [alerts, announced, failures]: [string[], string[], unknown[]] = [[], [], []];
    const mail = createMailEngine({
      identity: { device: id, generation: self.generation, installation: this.#installation },
      foundation: {
        vault,
        membership: this.#membership(self),
        self: () => self,
        own: () => ({ person: personCalled(name), name }),
        async openVault() {
          if (vault.state() === 'closed') await vault.open();
          return vault.state() === 'open';
        },
      },
      store: rows.mail,
      workspace,
      client: this.#clientOf(id),
      gate: () => gateOf(device.gate),
      now: Date.now,
      announce: (text) => void announced.push(text),
      alert(code, _detail, event) {
        if (rows.once(`${code} ${event}`)) alerts.push(code);
      },
      onFailure: (_what, error) => void failures.push(error),
    });
    const device: MailDevice = {
      id,
      self,
      name,
      folder,
      store,
      workspace,
      mail,
      alerts,
      announced,
      failures,
      gate: null,
      stop: async () => {
        this.#running.delete(device);
        await mail.stop();
        store.close();
      },
    };
    this.#running.add(device);
    mail.welcomed();
    await mail.maintain();
    return device;
  }

  async connector(name = 'connector'): Promise<TestConnector> {
    const self = await this.#enroll(name, true);
    this.#verify(self, { name, email: null, mailConnector: true });
    const client = this.#clientOf(self.device);
    const key = await makeMailKey(self, { installation: this.#installation, number: 1, now: Date.now() });
    await client.submitKey(key.statement);
    return {
      self,
      deliver: async (to, message, { id = randomUUID() } = {}) => {
        const members = this.members.filter(({ person }) => person === personCalled(to));
        const keys = await mailKeysOf(members, {
          client,
          installation: this.#installation,
          now: Date.now(),
          onInvalid: refuse,
        });
        const envelope = { from: 'eve@example.org', to: [addressOf(to)] };
        const header = { direction: 'inbound', installation: this.#installation, at: Date.now(), envelope } as const;
        return handOverMail({ id, header, message: Buffer.from(message), keys }, { self, client });
      },
      receive: async () => {
        const opened: OpenedMail[] = [];
        const { items } = await client.queue(0);
        for (const item of items) {
          if (item.type !== 'mail') {
            await client.received(item.seq);
            continue;
          }
          const { mail } = item;
          const ports = {
            self: () => self,
            installation: this.#installation,
            client,
            keys: { privateKey: () => new Uint8Array(key.privateKey) },
            memberOf: this.#membership(self).memberOf,
            refusal: () => null,
          };
          opened.push(await openMail(mail, ports));
          await client.received(item.seq);
        }
        return opened;
      },
    };
  }

  #verify(self: Self, given: { name: string; email: string | null; mailConnector?: boolean }): void {
    const { device, generation, key } = self;
    const person = personCalled(given.name);
    this.members.push({ device, generation, person, signatureKey: key.publicKey, ...given });
  }

  /** Ends an enrollment. */
  revoke(device: DeviceId): void {
    this.members.splice(
      this.members.findIndex((member) => member.device === device),
      1,
    );
    const at = this.service.connectors.findIndex((each) => each.device === device);
    if (at >= 0) this.service.connectors.splice(at, 1);
  }

  #membership(self: Self) {
    return {
      own: () => ({ state: 'member' as const, person: this.#memberOf(self.device)?.person ?? null, name: 'own' }),
      membersOf: async (people: readonly string[]) =>
        new Map(people.map((person) => [person, this.members.filter((member) => member.person === person)])),
      memberOf: async (device: DeviceId, generation: number) => {
        const found = this.#memberOf(device);
        if (found?.generation === generation) return found;
        throw new CordonError('unverified_member', `${device} is not verified`);
      },
    };
  }

  #memberOf(device: DeviceId): Member | undefined {
    return this.members.find((member) => member.device === device);
  }

  async close(): Promise<void> {
    for (const device of this.#running) await device.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export const addressOf = (name: string): string => `${name.toLowerCase().replaceAll(/\W+/g, '.')}@corp.example`;

const refuse = (detail: string): void => {
  throw new Error(detail);
};

export function gateOf(closed: MailDevice['gate']): GateView {
  const gate = { service: 'mail' as const, reasons: [], since: closed?.since ?? 0 };
  if (!closed) return { ...gate, open: true, denials: [] };
  const { order, waiting = 'hold', statement = {} } = closed;
  const texts = { title: 'A test', appeal: 'appeals@example.org', authoritative: null, statement };
  return {
    ...gate,
    open: false,
    denials: [{ order, revision: 1, reasons: ['present'], until: null, waiting, ...texts }],
  };
}

/** A simple message. */
export const letter = (subject: string, text = 'Hello', more: readonly string[] = []): string =>
  [
    'From: Eve <eve@example.org>',
    `Subject: ${subject}`,
    'Date: Sun, 29 Nov 2026 12:00:00 +0000',
    ...more,
    '',
    text,
  ].join('\r\n');
