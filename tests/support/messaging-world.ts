/**
 * Messaging without processes: real agents' messaging over real stores and workspaces. The delivery service is in memory and follows
 * `shared/protocol/frames.ts`, except where a test changes that. A list names the devices that the organization has verified.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DenialView, GateView } from '../../agent/enforcement/gate-view.ts';
import { createMessaging, type MessagingEngine } from '../../agent/messaging/engine.ts';
import type { Member } from '../../agent/messaging/members/member.ts';
import type { Membership } from '../../agent/messaging/members/membership.ts';
import type { MailboxItem } from '../../agent/messaging/message-store.ts';
import type { ClaimedPackage, RelayClient } from '../../agent/messaging/relay-client.ts';
import { type AgentStore, openAgentStore } from '../../agent/store/agent-store.ts';
import { openWorkspace, type Workspace } from '../../agent/workspace/workspace.ts';
import { type Conversation, conversationAfter, mayCommit } from '../../server/relay/conversations.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import { personCalled } from './persons.ts';

type Post = Extract<DeviceFrame, { kind: 'post' }>;
type Posted = Extract<ServerFrame, { kind: 'posted' }>;
type Mail = Extract<ServerFrame, { kind: 'mailbox-entry' }>;

export interface TestDevice {
  readonly id: DeviceId;
  readonly generation: number;
  readonly person: string;
  readonly name: string;
  readonly folder: string;
  readonly store: AgentStore;
  readonly workspace: Workspace;
  readonly messaging: MessagingEngine;
  readonly alerts: string[];
  /** Errors of background steps. */
  readonly failures: string[];
  /** The time of the device's own clock; null: the real time. */
  clock: Instant | null;
  /** Order that the device's own gate enforces, and its start. */
  gate: Closed | null;
  connect(): void;
  disconnect(): void;
  /** Ends the agent as a crash does. `boot` starts it again with the data on disk. */
  stop(): Promise<void>;
}

interface Mailbox {
  readonly entries: Mail[];
  next: number;
  acknowledged: number;
  posts: number;
  open: boolean;
}

interface Enrolled {
  member: Member | null;
  mailbox: Mailbox;
  device: TestDevice | null;
  connected: boolean;
  packages: Uint8Array[];
  lastResort: Uint8Array | null;
}

const nobody = (): Enrolled => ({
  member: null,
  mailbox: { entries: [], next: 1, acknowledged: 0, posts: 0, open: false },
  device: null,
  connected: false,
  packages: [],
  lastResort: null,
});

export class MessagingWorld {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cordon-messaging-'));
  readonly #enrolled = new Map<DeviceId, Enrolled>();
  readonly #answers = new Map<string, Posted>();
  readonly #conversations = new Map<string, Conversation>();
  readonly #attachments = new Map<string, Buffer>();
  readonly #running = new Set<TestDevice>();
  readonly #named: { readonly person: string; readonly name: string }[] = [];
  #count = 0;
  #closed = false;
  /** Accepted posts, in order of arrival. */
  readonly posts: (Post & { readonly from: DeviceId })[] = [];
  /** Notices that devices showed outside conversations, each with the number of posts accepted before. */
  readonly announced: { readonly device: DeviceId; readonly text: string; readonly after: number }[] = [];
  /** Number of next key uploads during which the device receives a report of a change before the response. */
  tellsTooEarly = 0;
  /** Number of next key uploads that get the response `waiting`, without a later report. */
  tellsNothing = 0;
  /** Changes items before delivery; null drops the item. */
  tamper: (to: DeviceId, item: MailboxItem) => MailboxItem | null = (_to, item) => item;
  /** Orders that suspend messaging for each device on the server. */
  readonly denied = new Map<DeviceId, string>();
  /** Whether devices can reach the server by HTTPS. */
  reachable = true;
  /** Error with which the server refuses uploads. */
  refusesFiles: CordonError | null = null;
  /** Promise for which each upload waits. */
  holdsFiles: Promise<void> | null = null;
  /** Number of uploads so far. */
  files = 0;
  /** Error with which the server refuses claims of key packages. */
  refusesClaims: CordonError | null = null;
  /** Promise for which each claim of key packages waits. */
  holdsClaims: Promise<void> | null = null;
  /** Number of devices whose key packages were claimed. */
  claims = 0;
  /** Devices that get no response to their posts, except to commits. */
  readonly unanswered = new Set<DeviceId>();
  /** Devices whose mailboxes are full. */
  readonly full = new Set<DeviceId>();
  patience = 400;

  async enroll(name: string, generation = 1, given: DeviceId = newDeviceId()): Promise<TestDevice> {
    const folder = join(this.#folder, `device-${this.#count++}`);
    const workspace = await openWorkspace(join(folder, 'workspace'));
    return this.boot({ id: given, generation, name, folder, workspace });
  }

  /** Starts an agent from the data in a folder. */
  async boot(given: Pick<TestDevice, 'id' | 'generation' | 'name' | 'folder' | 'workspace'>): Promise<TestDevice> {
    const { id, generation, name, folder, workspace } = given;
    const store = openAgentStore({ file: join(folder, 'agent.db'), synchronous: 'normal' });
    const person = personCalled(name);
    const alerts: string[] = [];
    const known = this.#enrolled.get(id);
    const fresh = known?.member && known.member.generation !== generation;
    const enrolled = known && !fresh ? known : nobody();
    this.#enrolled.set(id, enrolled);
    const kept = store.device(id);
    let gone = false;
    const device: TestDevice = {
      id,
      generation,
      person,
      name,
      folder,
      store,
      workspace,
      alerts,
      failures: [],
      clock: null,
      gate: null,
      messaging: createMessaging({
        device: id,
        generation,
        store: kept.messaging,
        workspace,
        keyPackages: 4,
        patience: this.patience,
        membership: this.#membership(id, generation, person, name, alerts),
        relay: this.#service(id),
        send: (frame) => !gone && this.#send(id, frame),
        gate: () => gateOf(device.gate),
        announce: (_conversation, text) => void this.announced.push({ device: id, text, after: this.posts.length }),
        hasOrganizationKey: () => true,
        now: () => device.clock ?? Date.now(),
        alert(code, _detail, event) {
          if (kept.once(`${code} ${event}`)) alerts.push(code);
        },
        onFailure: (what, error) => {
          device.failures.push(what);
          if (process.env['CORDON_TEST_LOUD']) console.error(name, what, error);
        },
      }),
      connect: () => {
        enrolled.connected = true;
        device.messaging.welcomed();
      },
      disconnect: () => {
        enrolled.connected = false;
        enrolled.mailbox.open = false;
        device.messaging.down();
      },
      stop: async () => {
        gone = true;
        device.disconnect();
        this.#running.delete(device);
        await device.messaging.stop();
        store.close();
      },
    };
    enrolled.device = device;
    this.#running.add(device);
    return device;
  }

  /** Adds people with one device each. The devices have uploaded no key package. */
  crowd(count: number): readonly string[] {
    return Array.from({ length: count }, (_, n) => {
      const [device, name] = [newDeviceId(), `Crowd ${n}`];
      const person = personCalled(name);
      const member: Member = { device, generation: 1, person, name, signatureKey: device };
      this.#enrolled.set(device, { ...nobody(), member });
      return person;
    });
  }

  /** Deletes a conversation on the server, as a restore of an older store does. The server then blocks every commit of the members. */
  forget(conversation: string): void {
    this.#conversations.delete(conversation);
  }

  /** Adds a person that the server's search finds, but who has no verified device. */
  name(name: string): string {
    const person = personCalled(name);
    this.#named.push({ person, name });
    return person;
  }

  /** Revokes the device's enrollment, as an admin does. */
  revoke(id: DeviceId): void {
    const enrolled = this.#enrolled.get(id);
    const person = enrolled?.member?.person;
    enrolled?.device?.disconnect();
    this.#enrolled.delete(id);
    if (person) this.#changed(person);
  }

  #changed(person: string): void {
    for (const { connected, device } of this.#enrolled.values()) {
      if (connected) device?.messaging.take({ kind: 'members-changed', person });
    }
  }

  #membership(id: DeviceId, generation: number, person: string, name: string, alerts: string[]): Membership {
    const members = () => [...this.#enrolled.values()].flatMap(({ member }) => (member ? [member] : []));
    const reach = () => {
      if (!this.reachable) throw new CordonError('unavailable', 'the network is down');
    };
    const own = () => this.#enrolled.get(id)?.member ?? null;
    let answered = own() !== null;
    return {
      handIn: async (signatureKey) => {
        reach();
        const enrolled = this.#enrolled.get(id);
        if (this.tellsTooEarly > 0) {
          this.tellsTooEarly -= 1;
          this.#changed(person);
          // The report of the change arrives before the response.
          await new Promise(setImmediate);
          return { state: 'waiting', person, name };
        }
        if (this.tellsNothing > 0) {
          this.tellsNothing -= 1;
          return { state: 'waiting', person, name };
        }
        answered = true;
        if (enrolled && !enrolled.member) {
          enrolled.member = { device: id, generation, person, name, signatureKey };
          this.#changed(person);
        }
        return { state: own() ? 'member' : 'unknown', person, name };
      },
      own: () => ({ state: answered && own() ? 'member' : 'unknown', person, name }),
      membersOf: async (people) => {
        reach();
        return new Map(people.map((one) => [one, members().filter((member) => member.person === one)]));
      },
      proofOf: async (device, of, signatureKey) => {
        reach();
        const found = members().find(
          (one) => one.device === device && one.generation === of && one.signatureKey === signatureKey,
        );
        if (found) return found;
        alerts.push('unverified_member');
        throw new CordonError('unverified_member', `${device} is nobody’s`);
      },
      memberOf: async (device, of) => {
        reach();
        const found = members().find((one) => one.device === device && one.generation === of);
        if (found) return found;
        throw new CordonError('unverified_member', `${device} is nobody’s`);
      },
      search: async (text) =>
        [...members(), ...this.#named]
          .filter((one) => one.name.includes(text))
          .map((one) => ({ person: one.person, name: one.name, email: null, groups: [] })),
      changed: () => undefined,
      ledger: () => ({ size: 1, root: 'A'.repeat(43).concat('=') }),
      compareCheckpoint: async () => undefined,
    };
  }

  #service(id: DeviceId): RelayClient {
    const reach = () => {
      if (!this.reachable) throw new CordonError('unavailable', 'the network is down');
    };
    return {
      claim: async (devices) => {
        reach();
        if (this.refusesClaims) throw this.refusesClaims;
        this.claims += devices.length;
        await this.holdsClaims;
        return devices.flatMap((device): ClaimedPackage[] => {
          const enrolled = this.#enrolled.get(device);
          const body = enrolled?.packages.shift() ?? enrolled?.lastResort;
          if (!enrolled?.member || !body) return [];
          const remaining = { kind: 'key-packages-remaining', count: enrolled.packages.length } as const;
          setImmediate(() => enrolled.connected && enrolled.device?.messaging.take(remaining));
          return [{ device, generation: enrolled.member.generation, body }];
        });
      },
      upload: async ({ packages, lastResort, replace }) => {
        reach();
        const enrolled = this.#enrolled.get(id);
        if (!enrolled) throw new CordonError('certificate_revoked', 'revoked');
        if (replace) enrolled.packages.length = 0;
        enrolled.packages.push(...packages);
        enrolled.lastResort = lastResort ?? enrolled.lastResort;
        return enrolled.packages.length;
      },
      putAttachment: async (name, sealed) => {
        reach();
        if (this.refusesFiles) throw this.refusesFiles;
        await this.holdsFiles;
        this.files += 1;
        this.#attachments.set(name, Buffer.from(sealed));
      },
      attachment: async (name) => {
        reach();
        const found = this.#attachments.get(name);
        if (!found) throw new CordonError('not_found', 'no such attachment');
        return found;
      },
    };
  }

  #send(from: DeviceId, frame: DeviceFrame): boolean {
    const enrolled = this.#enrolled.get(from);
    if (!enrolled?.connected) return false;
    const { mailbox, device } = enrolled;
    // A real server needs at least one turn of the event loop.
    setImmediate(() => {
      if (!enrolled.connected || enrolled.device !== device || this.#closed) return;
      switch (frame.kind) {
        case 'mailbox':
          mailbox.open = frame.open;
          if (!frame.open) return;
          device?.messaging.take({ kind: 'mailbox-is', acknowledged: mailbox.acknowledged, posts: mailbox.posts });
          for (const mail of mailbox.entries) device?.messaging.take(mail);
          return;
        case 'entries-stored':
          mailbox.acknowledged = Math.max(mailbox.acknowledged, frame.through);
          mailbox.entries.splice(0, mailbox.entries.filter(({ seq }) => seq <= frame.through).length);
          return;
        case 'post': {
          const known = this.#answers.get(`${from} ${frame.id}`);
          const answer = known ?? this.#post(from, frame);
          if (answer.outcome === 'accepted') this.#answers.set(`${from} ${frame.id}`, answer);
          if (frame.commit || !this.unanswered.has(from)) device?.messaging.take(answer);
        }
      }
    });
    return true;
  }

  #post(from: DeviceId, frame: Post): Posted {
    const { id, to, commit, body } = frame;
    const sender = this.#enrolled.get(from);
    const refusal = this.denied.get(from);
    if (refusal) return { kind: 'posted', id, outcome: 'refused', denial: denialOf(refusal), recipients: [] };
    if (commit) {
      const own = { device: from, generation: sender?.member?.generation ?? 1 };
      const before = this.#conversations.get(commit.conversation);
      const outcome = mayCommit(before, {
        sender: own,
        commit,
        addressed: new Set(to),
        isReachable: ({ device, generation }) => this.#enrolled.get(device)?.member?.generation === generation,
      });
      if (outcome !== 'allowed') return { kind: 'posted', id, outcome, denial: null, recipients: [] };
      this.#conversations.set(commit.conversation, conversationAfter(before, own, commit));
    }
    this.posts.push({ ...frame, from });
    if (sender) sender.mailbox.posts += 1;
    const generation = sender?.member?.generation ?? 1;
    const recipients = to.map((device) => {
      if (this.full.has(device)) return { device, outcome: 'full' as const, denial: null };
      const given = this.deliver(device, { type: 'post', id, from, generation, at: Date.now(), body });
      return { device, outcome: given ? ('stored' as const) : ('unknown' as const), denial: null };
    });
    return { kind: 'posted', id, outcome: 'accepted', denial: null, recipients };
  }

  /** Stores an item in a mailbox, and sends it if the device has asked for mail. */
  deliver(to: DeviceId, item: MailboxItem): boolean {
    const enrolled = this.#enrolled.get(to);
    if (!enrolled) return false;
    const changed = this.tamper(to, item);
    if (!changed) return true;
    const mail: Mail = { kind: 'mailbox-entry', seq: enrolled.mailbox.next++, item: changed };
    enrolled.mailbox.entries.push(mail);
    setImmediate(() => {
      if (!this.#closed && enrolled.connected && enrolled.mailbox.open && enrolled.mailbox.entries.includes(mail)) {
        enrolled.device?.messaging.take(mail);
      }
    });
    return true;
  }

  /** Number of items in a mailbox that the device has not acknowledged. */
  waiting(device: DeviceId): number {
    return this.#enrolled.get(device)?.mailbox.entries.length ?? 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { messaging, store } of this.#running) {
      await messaging.stop();
      store.close();
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const denialOf = (order: string) => ({
  code: 'service_denied' as const,
  detail: `by order ${order}`,
  order,
  reasons: [],
  appeal: 'the desk',
  by: 'server' as const,
});

interface Closed {
  readonly order: string;
  readonly waiting?: WaitingRule;
  readonly since?: Instant;
}

function gateOf(closed: Closed | null): GateView {
  const gate = { service: 'messaging' as const, reasons: [], since: closed?.since ?? 0 };
  if (!closed) return { ...gate, open: true, denials: [] };
  const denial: DenialView = {
    order: closed.order,
    revision: 1,
    title: 'A test',
    reasons: ['present'],
    until: null,
    waiting: closed.waiting ?? 'hold',
    appeal: 'the desk',
    authoritative: null,
    statement: {},
  };
  return { ...gate, open: false, denials: [denial] };
}
