/**
 * People's messages on this device: one loop that opens what came and sends what is due, one step after another, whenever anything has changed.
 * Nothing of it lives in memory alone: killed at any instant, the next start goes on from the last step.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { acceptedBefore, type GateView } from '../enforcement/gate-view.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { createActs } from './acts.ts';
import { createAttachments } from './attachments.ts';
import { createClaims } from './claims.ts';
import type { Context } from './context.ts';
import type { DeviceService } from './device-service.ts';
import { createEnrolmentKey } from './enrolment-key.ts';
import { answeredCommit } from './groups.ts';
import { createKeyPackageStock } from './key-package-stock.ts';
import { createMailbox } from './mailbox.ts';
import type { Membership } from './membership.ts';
import type { MessageStore } from './message-store.ts';
import type { Messaging, MessagingState } from './messaging.ts';
import { tellMissing } from './missing.ts';
import { createOpening } from './opening.ts';
import { createPosts, type Posted } from './posts.ts';
import { type ConversationRecord, createRecords, type Named } from './records.ts';
import { askToRejoin, beginAnew } from './rejoining.ts';
import { answeredAbout, answeredText, markRead, sendAbout, sendReceipts, sendTexts } from './sending.ts';
import { createSerial } from './serial.ts';
import { stopWelcome } from './succession.ts';
import { createTurns } from './turns.ts';
import { createUploads } from './uploads.ts';
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
  readonly announce?: Context['announce'] | undefined;
  readonly alarm: Context['alarm'];
  readonly onFailure: (what: string, error: unknown) => void;
  /** How many key packages lie at the server. */
  readonly keyPackages: number;
  /** Real milliseconds that what is missing in a conversation may take before this device asks to be let in again. */
  readonly patience?: number | undefined;
}

/** Whose device this is, as the server's certificate has said in that enrolment. */
interface KeptOwn extends Named {
  readonly generation: number;
}

/** What may come and go by this device's own gate. */
type Passes = 'all' | 'what was due' | 'nothing';

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
/** After a step that failed, mostly for want of a network. */
const AGAIN_AFTER = 5_000;
const STOP_WITHIN = 2_000;
/** What waits at the server comes behind `mailbox-is`, and nothing says which is the last of it: nothing has come for so long. */
const QUIET = 2_000;
const FIRST_BETWEEN = 1_000;
const LONGEST_BETWEEN = 5 * 60_000;

export function createMessaging(ports: EnginePorts): MessagingEngine {
  const { device, generation, store, workspace, membership, service, send } = ports;
  const patience = ports.patience ?? PATIENCE;
  const vault = createVault({ workspace, store });
  const records = createRecords(store, vault);
  const mailbox = createMailbox({ store, send });
  const posts = createPosts({
    ...{ store, vault, send, countAccepted: mailbox.countAccepted },
    wakeAt: (at) => wakeAt(at),
  });
  const attachments = createAttachments({ workspace, service });
  const uploads = createUploads({ attachments, onEnded: () => poke() });
  const serial = createSerial();
  const listeners = new Set<() => void>();
  const key = createEnrolmentKey(store, generation);
  let connected = false;
  /** What passes on this connection, as the server was last told; null: it was told nothing yet. */
  let asked: Passes | null = null;
  /** The server has said what it remembers, and it agrees with what is remembered here. */
  let ready = false;
  /** When what waited at the server is taken to have come, in real time. */
  let emptyAt = 0;
  let stopped = false;
  /** When the server is asked again whether this device is a member, in real time. */
  let handInAt = 0;
  let handInAfter = FIRST_BETWEEN;
  /** Words of the server that members have changed: one that comes while it is asked may be about what it has not answered yet. */
  let changesHeard = 0;
  let answers: Posted[] = [];
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;

  const self = (): Self => ({ device, generation, key: key.get() });
  const stock = createKeyPackageStock({
    ...{ store, vault, service, self, target: ports.keyPackages, now: Date.now },
    wakeAt: (at) => wakeAt(at),
  });

  /** Whose device this is. `counts`: whether what an enrolment has kept of it does, while nothing is heard. */
  const named = (counts: (of: number) => boolean): Named => {
    const { state: is, person, name } = membership.own();
    if (is === 'member' && person !== null && name !== null) return { person, name };
    const sealed = vault.state() === 'open' ? store.messagingValue('own') : null;
    const kept = sealed && vault.unseal<KeptOwn>('own', sealed);
    if (kept && counts(kept.generation)) return { person: kept.person, name: kept.name };
    throw uncertified();
  };
  // An earlier enrolment may have been another person's.
  const own = () => named((of) => of === generation);

  const claims = createClaims({ device, service, realNow: Date.now, alarm: ports.alarm });
  const context: Context = {
    ...{ device, generation, store, vault, records, membership, service, posts, stock, claims, self, own },
    now: ports.now,
    realNow: Date.now,
    patience,
    announce: ports.announce ?? (() => undefined),
    alarm: ports.alarm,
  };
  const opening = createOpening(context, patience);
  const turns = createTurns(context, (at) => wakeAt(at));
  // What is kept here stays readable while this enrolment waits to be countersigned.
  const views = createViews({ ...context, own: () => named(() => true) }, attachments);

  const changed = () => {
    for (const listener of listeners) listener();
  };

  const loadVault = async (): Promise<boolean> => {
    if (vault.state() === 'closed') {
      await vault.open();
      if (ready && asked === 'all') posts.opened();
      changed();
    }
    return vault.state() === 'open';
  };

  /** Whether this device may take part. While it may not, the server is asked ever less often, and says by itself when that has changed. */
  const certified = async (): Promise<boolean> => {
    if (membership.own().state === 'member') return true;
    if (!connected) return false;
    if (Date.now() < handInAt) {
      // An earlier time may have taken this one's place, or the clock have been set back.
      wakeAt(handInAt);
      return false;
    }
    const before = membership.own().state;
    const heard = changesHeard;
    const { state: is, person } = await membership.handIn(self().key.publicKey);
    if (is === 'member') {
      if (vault.state() === 'open')
        store.saveMessagingValue('own', vault.seal('own', { ...own(), generation } satisfies KeptOwn));
    } else {
      const told = changesHeard !== heard;
      handInAfter = told ? FIRST_BETWEEN : Math.min(LONGEST_BETWEEN, handInAfter * 2);
      handInAt = told ? 0 : Date.now() + handInAfter;
      wakeAt(handInAt);
      if (person !== null) await membership.membersOf([person]);
    }
    if (is !== before) changed();
    return is === 'member';
  };

  const passes = (): Passes => {
    const before = vault.state() === 'wiped' ? null : acceptedBefore(ports.gate());
    return before === null ? 'nothing' : before === Number.POSITIVE_INFINITY ? 'all' : 'what was due';
  };

  const ask = () => {
    const now = passes();
    if (!connected || asked === now) return;
    asked = now;
    ready = false;
    posts.closed();
    uploads.anew();
    mailbox.ask(now !== 'nothing');
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
    if ((await step('read the key', key.load)) === null) return;
    if (open && mailbox.restored()) await step('begin anew', () => beginAnew(context, mailbox.begunAnew));
    // Before anybody hears of this device, so that whoever does can bring it in.
    if (open && connected) await step('hand key packages in', stock.work);
    const member = await step('hear whether this device is a member', certified);
    if (!member) return;
    ask();
    if (!open) return;
    await takeAnswers();
    const before = acceptedBefore(ports.gate());
    if (before === null) return;
    const first = store.unopenedMail(0, 1)[0]?.number;
    const opened = await step('open the mailbox', () => opening.open(before));
    if (opened?.waiting) wakeAt(Date.now() + Math.min(AGAIN_AFTER, patience));
    if (first !== undefined) changed();
    if (!ready || !ports.gate().open) return;
    for (const record of records.conversations()) await tend(record);
    await step('post', posts.pump);
  };

  /** Everything that is due in one conversation. */
  const tend = async ({ id, state, missing, aboutDue }: ConversationRecord): Promise<void> => {
    if (state === 'rejoining') await step('ask to be let in again', () => askAgain(id));
    const writing = store.countMarked(id, 'unsent') > 0;
    if (state === 'ready') await step('follow people', () => turns.take(id, writing));
    // The last word of who leaves is sealed in the newest epoch: of older ones the others keep few.
    const early = state === 'left' && aboutDue ? emptyAt - Date.now() : 0;
    // After a clock was set back it would wait for as long again.
    if (early > 0 && early <= QUIET) wakeAt(emptyAt);
    else await step('say what it is called', () => sendAbout(context, id));
    // Whoever should not read it any more is to be out of it first.
    if (writing && turns.checked(id)) {
      await step('send messages', () => sendTexts(context, id, uploads));
      changed();
    }
    await step('send receipts', () => sendReceipts(context, id));
    const wait = missing ? await step('tell what is missing', () => tellMissing(context, id, patience)) : null;
    if (wait !== null) wakeAt(Date.now() + wait);
  };

  const askAgain = (id: string) => {
    const record = records.conversation(id);
    if (record) askToRejoin(context, record);
  };

  /** One that cannot be taken keeps none of the others: it stays where it is, and has its turn in the next round. */
  const takeAnswers = async (): Promise<void> => {
    const failed = new Set<Posted>();
    for (;;) {
      const answer = answers.find((one) => !failed.has(one));
      if (!answer || vault.state() !== 'open') return;
      const taken = await step('take the server’s answer', () => takeAnswer(answer));
      if (taken) answers = answers.filter((one) => one !== answer);
      else failed.add(answer);
      changed();
    }
  };

  const takeAnswer = async (answer: Posted): Promise<true> => {
    const purpose = posts.purposeOf(answer);
    if (purpose?.kind === 'text') answeredText(context, purpose, answer);
    else if (purpose?.kind === 'commit') await answeredCommit(context, purpose.conversation, answer);
    else if (purpose?.kind === 'about' && answer.outcome === 'accepted') answeredAbout(context, purpose, answer);
    else if (purpose && answer.outcome === 'refused') posts.deferred(answer);
    else if (purpose) {
      store.transaction(() => posts.settled(answer));
      if (purpose.kind === 'welcome' && answer.outcome !== 'accepted') stopWelcome(context, purpose.conversation);
    }
    return true;
  };

  const inTurn = async <T>(work: () => Promise<T> | T): Promise<T> => {
    const result = await serial(async () => {
      await loadVault();
      await key.load();
      return work();
    });
    changed();
    poke();
    return result;
  };
  const acts = createActs(context, { attachments, turns, gate: ports.gate, inTurn });

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
    ...acts,
    state,
    async people(text) {
      return membership.search(text);
    },
    async attachment(id, index) {
      await loadVault();
      const message = records.message(id);
      const attachment = message?.attachments[index];
      if (!attachment) throw new CordonError('not_found', 'There is no such file on this device.');
      return attachments.open(attachment);
    },
    async read(conversation, messages) {
      await loadVault();
      if (!records.conversation(conversation)) throw noConversation(conversation);
      if (!markRead(context, conversation, messages)) return;
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
      stock.soon();
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
          if (Date.now() < emptyAt) emptyAt = Date.now() + QUIET;
          return poke();
        case 'posted':
          answers.push(frame);
          return poke();
        case 'mailbox-is':
          mailbox.compare(frame);
          emptyAt = Date.now() + QUIET;
          // Answered for the last time that it was asked.
          if (asked === 'nothing') return;
          // Who was not there for a while may have missed that somebody came or went.
          turns.allSoon();
          return void serial(async () => {
            // Nothing goes out of a state that was in two places.
            if (mailbox.restored() && (await step('open what is kept', loadVault))) {
              await step('begin anew', () => beginAnew(context, mailbox.begunAnew));
            }
            if (asked === null || asked === 'nothing' || !connected || mailbox.restored()) return;
            // On each connection the server hears anew whom this device wants to hear of.
            for (const { people } of vault.state() === 'open' ? records.conversations() : []) {
              for (const { person } of people) membership.changed(person);
            }
            ready = true;
            if (asked === 'all') posts.opened();
          }).then(poke);
        case 'key-packages-left':
          stock.left(frame.count);
          return poke();
        case 'members-changed':
          membership.changed(frame.person);
          changesHeard += 1;
          handInAt = 0;
          turns.allSoon();
          return poke();
      }
    },
    poke,
    async maintain() {
      turns.maintain();
      if (ready && asked === 'all') posts.opened();
      poke();
      await running;
    },
    async stop() {
      stopped = true;
      connected = false;
      clearTimeout(timer);
      // A request that nobody answers is not waited for: whatever comes of it is not stored.
      const ended = Promise.all([serial(async () => undefined), uploads.stop()]);
      await Promise.race([ended, pause(STOP_WITHIN, undefined, { ref: false })]);
    },
  };
}

const uncertified = (): CordonError =>
  new CordonError(
    'unavailable',
    'Your organisation has not confirmed this device for messages yet; nothing to do here, it goes on by itself.',
  );
