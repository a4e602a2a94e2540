/**
 * Engine for the user's mail. One loop publishes mail keys, fetches the queue, sends waiting mails and removes files. Each step is durable,
 * so after a crash the next start continues after the last completed step.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { LARGEST_MAIL } from '../../shared/protocol/mail-http.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { acceptedBefore, type GateView, RESTRICTED } from '../enforcement/gate-view.ts';
import { isSameAddress } from '../mail-connector/addresses.ts';
import type { MessagingFoundation } from '../messaging/foundation.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type ArrivedMail, createInboundMail } from './inbound-mail.ts';
import type { Mail, MailServiceState } from './mail.ts';
import type { MailClient } from './mail-client.ts';
import { createMailConnectors } from './mail-connectors.ts';
import { createMailDrafts, filesOf, waitingMail } from './mail-drafts.ts';
import { createMailFiles } from './mail-files.ts';
import { createMailKeys } from './mail-keys.ts';
import { createMailQueue } from './mail-queue.ts';
import { createMailRecords, type MailRecord, readMessage } from './mail-records.ts';
import { createMailSenders } from './mail-senders.ts';
import type { MailStore } from './mail-store.ts';
import { createMailViews } from './mail-views.ts';
import { createMessageParser } from './message/message-parser.ts';
import type { MailPerson } from './message/parsed-message.ts';
import { createOutboundMail } from './outbound-mail.ts';
import { createOwnAddress } from './own-address.ts';

export interface MailEngine extends Mail {
  /** Called after each `welcome` frame. */
  welcomed(): void;
  down(): void;
  /** Called when the frame `new-mail` arrives. */
  newMail(): void;
  /** Called after a change that may allow or stop mail: an order, a lock or an unlock of the work data, a confirmed messaging key. */
  wake(): void;
  maintain(): Promise<void>;
  stop(): Promise<void>;
}

export interface MailEnginePorts {
  readonly identity: { readonly device: DeviceId; readonly installation: string; readonly generation: number };
  readonly foundation: MessagingFoundation;
  readonly store: MailStore;
  readonly workspace: Pick<Workspace, 'get' | 'put' | 'remove'>;
  readonly client: MailClient;
  readonly gate: () => GateView;
  /** Device time (`enforcement/device-clock.ts`), which dates written mail. */
  readonly now: () => Instant;
  /** Shows a text to the user at once. */
  readonly announce: (text: string) => void;
  readonly alert: (code: string, detail: string, event: string) => void;
  readonly onFailure: (what: string, error: unknown) => void;
}

const RETRY_AFTER = 10_000;
/** Milliseconds between two fetches without a frame `new-mail`, because a frame may be lost. */
const FETCH_EVERY = 5 * 60_000;
/** Milliseconds to wait for work in progress before the agent stops. */
const STOP_WITHIN = 2_000;

export function createMailEngine(ports: MailEnginePorts): MailEngine {
  const { store, client, gate } = ports;
  const { vault, own, self, membership, openVault } = ports.foundation;
  const { installation, device, generation } = ports.identity;
  const listeners = new Set<() => void>();
  const onChange = () => {
    for (const listener of listeners) listener();
  };
  const parser = createMessageParser();
  const records = createMailRecords({ store, vault });
  const files = createMailFiles({ workspace: ports.workspace, store });
  const keys = createMailKeys({ store, seal: vault, client, installation, self, now: Date.now });
  const senders = createMailSenders({ store, vault, membership, now: Date.now });
  const connectors = createMailConnectors({ client, membership, senders, onFailure: ports.onFailure });
  const address = createOwnAddress({ device, generation, store, vault, membership, own });
  let arrived: ArrivedMail[] = [];
  const outbound = createOutboundMail({
    installation,
    self,
    store,
    records,
    files,
    client,
    connectors,
    onChange,
    ownDevices: async () => (await membership.membersOf([own().person])).get(own().person) ?? [],
    mayPass: () => gate().open && isConnected && !isStopped,
    now: ports.now,
    realNow: Date.now,
    alert: ports.alert,
    onFailure: ports.onFailure,
  });
  const inbound = createInboundMail({
    store,
    records,
    files,
    parser,
    opener: { self: () => ({ device, generation }), installation, client, keys, memberOf: senders.memberOf },
    person: () => own().person,
    takeEvent: outbound.takeEvent,
    alert: ports.alert,
    onArrival: (mail) => arrived.push(mail),
  });
  const queue = createMailQueue({
    client,
    acceptedBefore: () => (isConnected && !isStopped ? acceptedBefore(gate()) : null),
    take: inbound.take,
  });

  let isConnected = false;
  let isStopped = false;
  let wasOpen = false;
  let fetchAt = 0;
  let lookAt = 0;
  let announcedLocked = false;

  function isMember(): boolean {
    return membership.own().state === 'member';
  }

  async function attempt<T>(what: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return isStopped ? null : await work();
    } catch (error) {
      if (!isStopped) ports.onFailure(what, error);
      loop.requestAt(Date.now() + RETRY_AFTER);
      return null;
    }
  }

  /** Reads the data that admins may have changed: the user's certificate and the mail connectors. */
  async function look(): Promise<void> {
    lookAt = Date.now() + FETCH_EVERY;
    const before = JSON.stringify(state());
    await attempt('read the own address', address.work);
    if (address.get() !== null) await attempt('find mail connectors', connectors.verified);
    if (JSON.stringify(state()) !== before) onChange();
  }

  async function fetch(): Promise<void> {
    fetchAt = Date.now() + FETCH_EVERY;
    const fetched = await attempt('fetch mail', async () => {
      try {
        return await queue.fetch();
      } finally {
        announceArrived();
      }
    });
    // After a failed fetch, the engine tries again soon, and does not wait for the next planned fetch.
    if (fetched === null) fetchAt = Date.now() + RETRY_AFTER;
    if (fetched !== 0) onChange();
  }

  function announceArrived(): void {
    const [first, ...others] = arrived;
    arrived = [];
    if (!first) return;
    ports.announce(
      others.length === 0 ? `New mail from ${first.from}: ${first.subject}` : `${others.length + 1} new mails`,
    );
  }

  async function run(): Promise<void> {
    if (vault.state() === 'wiped') {
      if (store.hasMail()) store.forgetMail();
      return onChange();
    }
    if (!(await attempt('open the vault', openVault))) return;
    await attempt('remove files of mail', files.removeMarked);
    if (!isConnected || !isMember()) return;
    if (Date.now() >= lookAt) await look();
    // A user without an e-mail address has no mail, so there is nothing to fetch or send.
    if (address.get() === null) return loop.requestAt(lookAt);
    const due = await attempt('publish the mail key', keys.work);
    if (due !== null) loop.requestAt(due);
    const isOpen = gate().open;
    if (isOpen && !wasOpen) outbound.sendSoon();
    wasOpen = isOpen;
    if (acceptedBefore(gate()) !== null && Date.now() >= fetchAt) await fetch();
    loop.requestAt(Math.min(fetchAt, lookAt));
    if (!isOpen) return;
    const next = await attempt('send mail', outbound.send);
    if (next !== null) loop.requestAt(next);
  }

  const loop: Loop = new Loop({
    run,
    failed: (error) => {
      if (!isStopped) ports.onFailure('process mail', error);
    },
    retryAfter: RETRY_AFTER,
  });
  const changeDrafts = createSerialQueue();
  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    await openVault();
    const result = await changeDrafts(work);
    onChange();
    loop.request();
    return result;
  };

  const requireOpenGate = (): void => {
    const { open, denials, restricted } = gate();
    if (open) return;
    if (denials.length === 0 && restricted !== undefined)
      throw new CordonError('service_denied', RESTRICTED, { orders: [] });
    const orders = denials.map(({ order, appeal }) => `order ${order} (appeal to: ${appeal})`).join(', ');
    const detail = `You cannot send mail, because mail is suspended${orders === '' ? '' : ` by ${orders}`}. Send the draft when the suspension ends.`;
    throw new CordonError('service_denied', detail, { orders: denials.map(({ order }) => order) });
  };
  const requireAddress = (): MailPerson => {
    const found = address.get();
    if (found) return { name: own().name, address: found };
    throw new CordonError(
      'unavailable',
      'Your certificate contains no e-mail address, so you cannot send mail. Ask your admin.',
    );
  };

  function state(): MailServiceState {
    const workspace = vault.state();
    if (workspace !== 'open' && workspace !== 'closed') return { state: workspace };
    const { open, denials } = gate();
    if (!open) return { state: 'denied', orders: denials.map(({ order }) => order) };
    if (!isMember()) return { state: 'uncertified' };
    const found = vault.state() === 'open' ? address.get() : null;
    if (found === null) return { state: 'no-address' };
    return { state: connectors.exist() === false ? 'no-connector' : 'ready', address: found, name: own().name };
  }

  async function submit(message: Uint8Array, envelope: { readonly from: string; readonly to: readonly string[] }) {
    requireOpenGate();
    const from = requireAddress();
    if (!isSameAddress(envelope.from, from.address)) {
      throw new CordonError('forbidden', `You can send mail only from your own address, ${from.address}.`);
    }
    if (message.length > LARGEST_MAIL) {
      throw new CordonError(
        'too_large',
        `The mail has ${message.length} bytes. A mail has at most ${LARGEST_MAIL} bytes.`,
      );
    }
    const { fields, text } = await readMessage(parser, message, from);
    const id = randomUUID();
    const record: MailRecord = {
      ...fields,
      type: 'mail',
      at: ports.now(),
      bcc: [],
      outgoing: waitingMail({ from: from.address, to: envelope.to }),
    };
    await files.putMessage(id, message);
    const row = { id, folder: 'sent', unread: false, transport: randomUUID(), due: Date.now() } as const;
    records.save(row, record, text);
    return id;
  }

  return {
    ...createMailViews({ store, records, files, parser, monotonic: () => performance.now() }),
    ...createMailDrafts({
      store,
      records,
      files,
      parser,
      requireOpenGate,
      exclusively,
      own: requireAddress,
      now: ports.now,
      realNow: Date.now,
    }),
    state,
    submit: (message, envelope) => exclusively(() => submit(message, envelope)),
    countUnread: store.countUnread,
    mark(ids, unread) {
      store.transaction(() => {
        for (const id of ids) {
          const row = store.mail(id);
          if (row) store.saveMail({ ...row, unread });
        }
      });
      onChange();
    },
    remove: (ids) =>
      exclusively(async () => {
        store.transaction(() => {
          for (const id of ids) {
            const row = store.mail(id);
            if (!row) continue;
            store.addRemovals(filesOf(id, records.read(row)));
            store.removeMail(id);
          }
        });
      }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    unlock: async () => void (await attempt('open the vault', openVault)),
    welcomed() {
      isConnected = true;
      fetchAt = 0;
      lookAt = 0;
      wasOpen = false;
      loop.request();
    },
    down() {
      isConnected = false;
    },
    newMail() {
      fetchAt = 0;
      const workspace = vault.state();
      const isLocked = workspace === 'locked' || workspace === 'passcode';
      if (isLocked && !announcedLocked) {
        const until =
          workspace === 'passcode' ? 'you enter the passcode of the workspace' : 'the workspace is unlocked';
        ports.announce(`You have new mail. It arrives when ${until}.`);
      }
      announcedLocked = isLocked;
      loop.request();
    },
    wake: () => loop.request(),
    maintain: () => loop.run(),
    async stop() {
      isStopped = true;
      await Promise.race([
        Promise.all([loop.stop(), changeDrafts(async () => undefined)]),
        pause(STOP_WITHIN, undefined, { ref: false }),
      ]);
      await parser.stop();
    },
  };
}
