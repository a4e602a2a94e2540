/**
 * People's messages on this device: one loop that opens what came and sends what is due, one step after another, whenever anything has changed.
 * Nothing of it lives in memory alone: killed at any instant, the next start goes on from the last step.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { LONGEST_TEXT, MOST_ATTACHMENTS } from '../../shared/seal/content.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { Self, SigningKey } from '../../shared/seal/terms.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { createAttachments } from './attachments.ts';
import { type Context, together } from './context.ts';
import type { DeviceService } from './device-service.ts';
import { answeredCommit, begin, devicesOf, follow } from './groups.ts';
import { createKeyPackageStock } from './key-package-stock.ts';
import { createMailbox } from './mailbox.ts';
import type { Membership } from './membership.ts';
import type { MessageStore } from './message-store.ts';
import type { Messaging, MessagingState } from './messaging.ts';
import { createOpening } from './opening.ts';
import { createPosts, type Posted } from './posts.ts';
import { type ConversationRecord, createRecords, type Named } from './records.ts';
import { askToRejoin, beginAnew } from './rejoining.ts';
import { answeredText, markRead, sendAbout, sendReceipts, sendTexts } from './sending.ts';
import { createSerial } from './serial.ts';
import { createVault } from './vault.ts';
import { createViews, noConversation } from './views.ts';

export interface EnginePorts {
  readonly device: DeviceId;
  readonly generation: number;
  readonly store: MessageStore;
  readonly workspace: Workspace;
  readonly membership: Membership;
  readonly service: DeviceService;
  readonly send: (frame: DeviceFrame) => boolean;
  readonly gate: () => GateView;
  /** Whether the organisation has a key of its own, without which nobody is a member of anything. */
  readonly hasOrganisationKey: () => boolean;
  /** The device's time. */
  readonly now: () => Instant;
  readonly alarm: Context['alarm'];
  readonly onFailure: (what: string, error: unknown) => void;
  /** How many key packages lie at the server. */
  readonly keyPackages: number;
  /** Real milliseconds that what is missing in a conversation may take before this device asks to be let in again. */
  readonly patience?: number | undefined;
}

type MessagingFrame = Extract<
  ServerFrame,
  { kind: 'posted' | 'mailbox-is' | 'mail' | 'key-packages-left' | 'members-changed' }
>;

export interface MessagingEngine extends Messaging {
  welcomed(): void;
  down(): void;
  take(frame: MessagingFrame): void;
  /** Gate, workspace or documents may have changed. */
  poke(): void;
  /** What is periodic. Resolves when the loop has come to its end. */
  maintain(): Promise<void>;
  /** Resolves when nothing is under way any more: the store may be closed. */
  stop(): Promise<void>;
}

const PATIENCE = 60_000;
/** A conversation whose members were compared longer ago is compared before somebody writes in it. */
const CHECKED_FOR = 60_000;
/** And in any case after this: a lost word of a change delays and never loses. */
const CHECKED_AT_LEAST = 15 * 60_000;
/** After a step that failed, mostly for want of a network. */
const AGAIN_AFTER = 5_000;
const STOP_WITHIN = 2_000;
const FIRST_BETWEEN = 1_000;
const LONGEST_BETWEEN = 5 * 60_000;

export function createMessaging(ports: EnginePorts): MessagingEngine {
  const { device, generation, store, workspace, membership, service, send } = ports;
  const vault = createVault({ workspace, store });
  const records = createRecords(store, vault);
  const mailbox = createMailbox({ store, send });
  const posts = createPosts({ store, vault, send, countAccepted: mailbox.countAccepted });
  const attachments = createAttachments({ workspace, service });
  const serial = createSerial();
  const listeners = new Set<() => void>();
  let key: SigningKey | null = null;
  let connected = false;
  /** What the mailbox was last asked for on this connection; null: nothing. */
  let asked: boolean | null = null;
  /** The server has said what it remembers, and it agrees with what is remembered here. */
  let ready = false;
  let stopped = false;
  /** When the server is asked again whether this device is a member, in real time. */
  let handInAt = 0;
  let handInAfter = FIRST_BETWEEN;
  let answers: Posted[] = [];
  /** When each conversation is to be compared with its people, and whether it has waited for others before it. Real time. */
  const turns = new Map<string, { readonly at: number; readonly waited: boolean }>();
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;

  const self = (): Self => {
    if (!key) throw new CordonError('unavailable', 'Messages are just being opened; try again in a moment.');
    return { device, generation, key };
  };
  const stock = createKeyPackageStock({ store, vault, service, self, target: ports.keyPackages, now: Date.now });

  const own = (): Named => {
    const { state: is, person, name } = membership.own();
    if (is === 'member' && person !== null && name !== null) return { person, name };
    const kept = vault.state() === 'open' ? store.messagingValue('own') : null;
    if (kept) return vault.unseal<Named>('own', kept);
    throw uncertified();
  };

  const context: Context = {
    ...{ device, generation, store, vault, records, membership, service, posts, stock, self, own },
    now: ports.now,
    realNow: Date.now,
    alarm: ports.alarm,
  };
  const opening = createOpening(context, ports.patience ?? PATIENCE);
  const views = createViews(context);

  const changed = () => {
    for (const listener of listeners) listener();
  };

  // What this enrolment is: its key is kept as its certificate's is, so that a wipe of the workspace takes what was said and not who one is.

  const loadKey = async (): Promise<SigningKey> => {
    if (key) return key;
    const kept = store.messagingValue('signing')?.toString();
    const held: { readonly generation: number; readonly publicKey: string; readonly seed: string } | null = kept
      ? JSON.parse(kept)
      : null;
    if (held?.generation === generation) {
      key = { publicKey: held.publicKey, privateKey: Buffer.from(held.seed, 'base64') };
      return key;
    }
    const made = await makeSigningKey();
    const seed = Buffer.from(made.privateKey).toString('base64');
    store.transaction(() => {
      store.saveMessagingValue('signing', Buffer.from(JSON.stringify({ generation, publicKey: made.publicKey, seed })));
      // Enrolled anew: counters, states and packages were the earlier enrolment's.
      if (held) {
        for (const name of ['taken', 'posts']) store.saveMessagingValue(name, Buffer.from('0'));
        store.saveMessagingValue('restored', Buffer.from('yes'));
        store.forgetMail();
      }
    });
    key = made;
    return made;
  };

  const loadVault = async (): Promise<boolean> => {
    if (vault.state() === 'closed') {
      await vault.open();
      posts.opened();
      if (!ready) posts.closed();
      changed();
    }
    return vault.state() === 'open';
  };

  /** Whether this device may take part. While it may not, the server is asked ever less often, and says by itself when that has changed. */
  const certified = async (): Promise<boolean> => {
    if (membership.own().state === 'member') return true;
    if (!connected || Date.now() < handInAt) return false;
    const before = membership.own().state;
    const { state: is, person, name } = await membership.handIn(self().key.publicKey);
    if (is === 'member') {
      if (vault.state() === 'open') store.saveMessagingValue('own', vault.seal('own', { person, name }));
    } else {
      handInAfter = Math.min(LONGEST_BETWEEN, handInAfter * 2);
      handInAt = Date.now() + handInAfter;
      wakeAt(handInAt);
      if (person !== null) await membership.membersOf([person]);
    }
    if (is !== before) changed();
    return is === 'member';
  };

  const ask = () => {
    const open = ports.gate().open && vault.state() !== 'wiped';
    if (!connected || asked === open) return;
    asked = open;
    ready = false;
    posts.closed();
    mailbox.ask(open);
  };

  // The loop.

  let running: Promise<void> | null = null;
  let again = false;

  const poke = () => {
    if (stopped) return;
    again = true;
    running ??= run().finally(() => {
      running = null;
    });
  };

  const run = async (): Promise<void> => {
    while (again && !stopped) {
      again = false;
      await serial(() => step('look after messages', round));
    }
  };

  const wakeAt = (at: number) => {
    if (stopped || at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(
      () => {
        timerAt = Number.POSITIVE_INFINITY;
        poke();
      },
      Math.max(0, at - Date.now()),
    ).unref();
  };

  /** A step that fails leaves the others to be done; it is done again. */
  const step = async <T>(what: string, work: () => Promise<T> | T): Promise<T | null> => {
    try {
      return stopped ? null : await work();
    } catch (error) {
      if (!stopped) ports.onFailure(what, error);
      wakeAt(Date.now() + AGAIN_AFTER);
      return null;
    }
  };

  const round = async (): Promise<void> => {
    const open = await step('open what is kept', loadVault);
    if (!ports.hasOrganisationKey()) return;
    if ((await step('read the key', loadKey)) === null) return;
    if (open && mailbox.restored()) await step('begin anew', () => beginAnew(context, mailbox.begunAnew));
    // Before anybody hears of this device, so that whoever does can bring it in.
    if (open && connected) await step('hand key packages in', stock.work);
    const member = await step('hear whether this device is a member', certified);
    if (!member) return;
    ask();
    if (!open) return;
    await step('take the server’s answers', takeAnswers);
    if (!ports.gate().open) return;
    const before = store.unopenedMail(0, 1)[0]?.number;
    const opened = await step('open the mailbox', opening.open);
    if (opened?.waiting) wakeAt(Date.now() + Math.min(AGAIN_AFTER, ports.patience ?? PATIENCE));
    if (before !== undefined) changed();
    if (!ready) return;
    for (const record of records.conversations()) await tend(record);
    await step('post', posts.pump);
  };

  /** Everything that is due in one conversation. */
  const tend = async ({ id, state }: ConversationRecord): Promise<void> => {
    if (state === 'rejoining') await step('ask to be let in again', () => askAgain(id));
    const writing = store.countMarked(id, 'unsent') > 0;
    if (state === 'ready') await step('follow people', () => followWhenDue(id, writing));
    await step('say what it is called', () => sendAbout(context, id));
    // Whoever should not read it any more is to be out of it first.
    const checked = records.conversation(id)?.checkedAt ?? 0;
    if (writing && Date.now() - checked < CHECKED_FOR) {
      await step('send messages', () => sendTexts(context, id, attachments));
      changed();
    }
    await step('send receipts', () => sendReceipts(context, id));
  };

  const askAgain = (id: string) => {
    const record = records.conversation(id);
    if (record) askToRejoin(context, record);
  };

  const followWhenDue = async (id: string, writing: boolean): Promise<void> => {
    const now = Date.now();
    const turn = turns.get(id);
    const checkedAt = records.conversation(id)?.checkedAt ?? 0;
    const hurry = writing && now - checkedAt >= CHECKED_FOR;
    const due = turn ? now >= turn.at : now - checkedAt >= CHECKED_AT_LEAST;
    // While a change of one's own is on its way there is nothing to compare with; its answer brings us back here.
    if (records.pending(id)) return;
    if (!due && !hurry) {
      // An earlier time may have taken this one's place.
      if (turn) wakeAt(turn.at);
      return;
    }
    turns.delete(id);
    const wait = await follow(context, id, hurry, turn?.waited ?? false);
    if (wait === null) return;
    turns.set(id, { at: Date.now() + wait, waited: true });
    wakeAt(Date.now() + wait);
  };

  const takeAnswers = async (): Promise<void> => {
    for (;;) {
      const [answer] = answers;
      if (!answer) return;
      const purpose = posts.purposeOf(answer);
      if (purpose?.kind === 'text') answeredText(context, answer);
      else if (purpose?.kind === 'commit') await answeredCommit(context, purpose.conversation, answer);
      else if (purpose && answer.outcome === 'refused') posts.deferred(answer);
      else if (purpose) store.transaction(() => posts.settled(answer));
      answers = answers.slice(1);
      changed();
    }
  };

  // What people do.

  const maySend = (): void => {
    if (vault.state() !== 'open') vault.seal('', null);
    const { open, denials } = ports.gate();
    if (!open) {
      const [denial] = denials;
      const detail = denial
        ? `Delivery is suspended by order ${denial.order} (${denial.title}). Appeal to: ${denial.appeal}`
        : 'This device has no order list or record yet, and delivers nothing until it has.';
      throw new CordonError('service_denied', detail, { order: denial?.order ?? null, appeal: denial?.appeal ?? null });
    }
    own();
  };

  const changeable = (id: string): ConversationRecord => {
    const record = records.conversation(id);
    if (!record) throw noConversation(id);
    if (record.state === 'left') {
      throw new CordonError('not_a_member', 'You do not belong to this conversation any more; what was said stays.');
    }
    return record;
  };

  /** An act of a person: after the steps that are under way, and before the next. */
  const act = async <T>(work: () => Promise<T> | T): Promise<T> => {
    const result = await serial(async () => {
      await loadVault();
      await loadKey();
      maySend();
      return work();
    });
    changed();
    poke();
    return result;
  };

  /** Titles and people change here at once, and for the others when it can be sent. */
  const aboutChanged = (record: ConversationRecord, change: Partial<ConversationRecord>) =>
    records.save({ ...record, ...change, aboutAt: Math.max(ports.now(), record.aboutAt + 1), aboutDue: true });

  const state = (): MessagingState => {
    const kept = vault.state();
    if (kept === 'locked' || kept === 'wiped') return { state: kept };
    const { open, denials } = ports.gate();
    if (!open) return { state: 'denied', orders: denials.map(({ order }) => order) };
    try {
      return { state: 'ready', ...own() };
    } catch {
      return { state: 'uncertified' };
    }
  };

  return {
    ...views,
    state,
    async people(text) {
      const found = await membership.search(text);
      return found.map(({ person, name }) => ({ person, name, verified: true }));
    },
    start: ({ people, title }) =>
      act(async () => {
        const [other, ...more] = new Set(people.filter((person) => person !== own().person));
        if (other === undefined) throw new CordonError('invalid_input', 'A conversation is with somebody else.');
        if (title === null && more.length === 0) {
          const known = records
            .conversations()
            .find((one) => one.state !== 'left' && one.title === null && isBetween(one, own().person, other));
          if (known) return known.id;
        }
        return begin(context, [other, ...more], title);
      }),
    rename: (conversation, title) =>
      act(() => aboutChanged(changeable(conversation), { title: title?.trim().slice(0, 120) || null })),
    addPeople: (conversation, people) =>
      act(async () => {
        const record = changeable(conversation);
        const members = await devicesOf(context, [
          ...new Set([...people, ...record.people.map(({ person }) => person)]),
        ]);
        const added = members.filter(({ person }) => people.includes(person));
        aboutChanged(record, { people: together(record.people, added), checkedAt: 0 });
        turns.set(conversation, { at: 0, waited: true });
      }),
    leave: (conversation) =>
      act(() => {
        const record = changeable(conversation);
        const people = record.people.filter(({ person }) => person !== own().person);
        if (people.length === 0) return records.save({ ...record, state: 'left' }, { group: null, pending: null });
        store.transaction(() => {
          // What is on its way may be a change of the members: from the state after it nothing could be said.
          aboutChanged(record, { state: 'left', people });
        });
      }),
    send: (conversation, { text, attachments: given }) =>
      act(async () => {
        changeable(conversation);
        if (text === '' && given.length === 0) throw new CordonError('invalid_input', 'There is nothing to send.');
        if (text.length > LONGEST_TEXT || given.length > MOST_ATTACHMENTS) {
          const most = `A message holds ${LONGEST_TEXT} characters and ${MOST_ATTACHMENTS} files at most.`;
          throw new CordonError('too_large', most);
        }
        const kept = [];
        for (const one of given) kept.push(await attachments.keep(one));
        const id = randomUUID();
        records.addMessage({
          ...{ id, conversation, mark: 'unsent', mine: true, at: ports.now(), text, attachments: kept },
          ...{ from: { ...own(), device }, recipients: [], refused: null, seen: true },
        });
        return id;
      }),
    async attachment(id, index) {
      await loadVault();
      const message = records.message(id);
      const attachment = message?.attachments[index];
      if (!attachment) throw new CordonError('not_found', 'There is no such file on this device.');
      return attachments.open(attachment);
    },
    async read(conversation) {
      await loadVault();
      if (!records.conversation(conversation)) throw noConversation(conversation);
      if (!markRead(context, conversation)) return;
      changed();
      poke();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    open: async () => void (await step('open what is kept', loadVault)),
    welcomed() {
      connected = true;
      asked = null;
      ready = false;
      answers = [];
      handInAt = 0;
      poke();
    },
    down() {
      connected = false;
      ready = false;
      posts.closed();
    },
    take(frame) {
      switch (frame.kind) {
        case 'mail':
          mailbox.take(frame);
          return poke();
        case 'posted':
          answers.push(frame);
          return poke();
        case 'mailbox-is':
          mailbox.compare(frame);
          // Answered for the last time that it was asked.
          if (asked !== true) return;
          // Who was not there for a while may have missed that somebody came or went.
          for (const id of store.conversationIds()) turns.set(id, { at: 0, waited: false });
          return void serial(async () => {
            // Nothing goes out of a state that was in two places.
            if (mailbox.restored() && (await step('open what is kept', loadVault))) {
              await step('begin anew', () => beginAnew(context, mailbox.begunAnew));
            }
            if (asked !== true || !connected || mailbox.restored()) return;
            // On each connection the server hears anew whom this device wants to hear of.
            for (const { people } of vault.state() === 'open' ? records.conversations() : []) {
              for (const { person } of people) membership.changed(person);
            }
            ready = true;
            posts.opened();
          }).then(poke);
        case 'key-packages-left':
          stock.left(frame.count);
          return poke();
        case 'members-changed':
          membership.changed(frame.person);
          handInAt = 0;
          for (const id of store.conversationIds()) turns.set(id, { at: 0, waited: false });
          return poke();
      }
    },
    poke,
    async maintain() {
      for (const id of store.conversationIds()) if (!turns.has(id)) turns.set(id, { at: Date.now(), waited: false });
      if (ready) posts.opened();
      poke();
      await running;
    },
    async stop() {
      stopped = true;
      connected = false;
      clearTimeout(timer);
      // A request that nobody answers is not waited for: whatever comes of it is not stored.
      await Promise.race([serial(async () => undefined), pause(STOP_WITHIN, undefined, { ref: false })]);
    },
  };
}

const isBetween = ({ people }: ConversationRecord, own: string, other: string): boolean =>
  people.length === 2 && people.every(({ person }) => person === own || person === other);

const uncertified = (): CordonError =>
  new CordonError(
    'unavailable',
    'Your organisation has not confirmed this device for messages yet; nothing to do here, it goes on by itself.',
  );
