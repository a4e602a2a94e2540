/**
 * Engine for the user's messages. One loop reads received items and sends outgoing ones, one step after the other. Each step is durable, so
 * after a crash the next start continues after the last completed step.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import { type Attempt, RETRY_AFTER } from './attempt.ts';
import { createUserActions } from './conversation/user-actions.ts';
import { noConversation } from './conversation/views.ts';
import type { MessagingFoundation } from './foundation.ts';
import type { Messaging, MessagingState } from './messaging.ts';
import { createModules, type EnginePorts, type MessagingModules } from './modules.ts';
import { Rounds } from './rounds.ts';

type MessagingFrame = Extract<
  ServerFrame,
  { kind: 'posted' | 'mailbox-is' | 'mailbox-entry' | 'key-packages-remaining' | 'members-changed' }
>;

export interface MessagingEngine extends Messaging {
  welcomed(): void;
  down(): void;
  take(frame: MessagingFrame): void;
  /**
   * Starts a round of the message loop. Called after a change that may allow or stop messages: for example, an order suspended or restored
   * a service, or an admin locked or unlocked the work data.
   */
  wake(): void;
  maintain(): Promise<void>;
  readonly foundation: MessagingFoundation;
  /** Resolves when no work is in progress, so that the caller can close the store. */
  stop(): Promise<void>;
}

const PATIENCE = 60_000;
/**
 * Milliseconds to wait for work in progress before the agent stops. The engine then abandons a request without a response, and never stores
 * its result.
 */
const STOP_WITHIN = 2_000;

export function createMessaging(
  given: Omit<EnginePorts, 'patience'> & { readonly patience?: number | undefined },
): MessagingEngine {
  const ports: EnginePorts = { ...given, patience: given.patience ?? PATIENCE };
  const listeners = new Set<() => void>();
  const onChange = () => {
    for (const listener of listeners) listener();
  };
  const loop = new MessageLoop(ports, onChange);
  const { modules, rounds } = loop;
  const { records, vault, key, checks, attachments, views } = modules;

  const exclusively = async <T>(work: () => Promise<T> | T): Promise<T> => {
    const result = await loop.exclusively(async () => {
      await rounds.openVault();
      await key.load();
      return work();
    });
    onChange();
    loop.wake();
    return result;
  };
  const actions = createUserActions({
    device: ports.device,
    own: modules.own,
    vault,
    records,
    store: ports.store,
    attachments,
    checks,
    conversations: modules.newConversations,
    gate: ports.gate,
    now: ports.now,
    exclusively,
  });

  return {
    ...views,
    ...actions,
    state: () => stateOf(ports, modules),
    people: async (text) => ports.membership.search(text),
    async attachment(id, index) {
      await rounds.openVault();
      const attachment = records.message(id)?.attachments[index];
      if (!attachment) throw new CordonError('not_found', 'This device has no file with that number in that message.');
      return attachments.open(attachment);
    },
    async read(conversation, messages) {
      await rounds.openVault();
      if (!records.conversation(conversation)) throw noConversation(conversation);
      if (!modules.receipts.markRead(conversation, messages)) return;
      onChange();
      loop.wake();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    open: async () => void (await rounds.tryOpenVault()),
    welcomed: () => loop.begin(),
    down: () => modules.session.end(),
    take: (frame) => loop.take(frame),
    wake: () => loop.wake(),
    maintain: () => loop.maintain(),
    foundation: {
      vault,
      membership: ports.membership,
      self: modules.self,
      own: modules.own,
      openVault: () => rounds.openVault(),
    },
    stop: () => loop.stop(),
  };
}

function stateOf(ports: EnginePorts, { vault, own }: MessagingModules): MessagingState {
  const workspace = vault.state();
  if (workspace !== 'open' && workspace !== 'closed') return { state: workspace };
  const { open, denials } = ports.gate();
  if (!open) return { state: 'denied', orders: denials.map(({ order }) => order) };
  try {
    return { state: 'ready', ...own() };
  } catch {
    return { state: 'uncertified' };
  }
}

/**
 * Runs the rounds of the message loop and processes the server's frames. Only one step at a time may change the state of an MLS group: of
 * two simultaneous changes, one would be lost.
 */
class MessageLoop {
  readonly modules: MessagingModules;
  readonly rounds: Rounds;
  readonly exclusively = createSerialQueue();
  readonly #ports: EnginePorts;
  readonly #loop: Loop;
  #isStopped = false;

  constructor(ports: EnginePorts, onChange: () => void) {
    this.#ports = ports;
    const hooks = {
      onChange,
      wake: () => this.wake(),
      wakeAt: (at: number) => this.#loop.requestAt(at),
    };
    this.modules = createModules(ports, hooks);
    this.rounds = new Rounds(this.modules, ports, hooks, this.#attempt);
    this.#loop = new Loop({
      run: () => this.exclusively(() => this.rounds.run()),
      failed: (error) => {
        if (!this.#isStopped) ports.onFailure('process messages', error);
      },
      retryAfter: RETRY_AFTER,
    });
  }

  wake(): void {
    this.#loop.request();
  }

  begin(): void {
    this.modules.session.begin();
    this.rounds.responses.clear();
    this.modules.certification.reset();
    this.modules.stock.soon();
    this.wake();
  }

  take(frame: MessagingFrame): void {
    const { mailbox, quiet, session, stock, certification, checks } = this.modules;
    switch (frame.kind) {
      case 'mailbox-entry':
        mailbox.take(frame);
        quiet.itemArrived();
        break;
      case 'posted':
        this.rounds.responses.add(frame);
        break;
      case 'mailbox-is':
        mailbox.compare(frame);
        quiet.begin();
        if (!session.wantsEntries()) return;
        // While this device was offline, members may have joined or left its conversations, so each conversation is checked.
        checks.requestAll();
        void this.exclusively(() => this.#startSession()).then(() => this.wake());
        return;
      case 'key-packages-remaining':
        stock.setRemaining(frame.count);
        break;
      case 'members-changed':
        this.#ports.membership.changed(frame.person);
        certification.membersChanged();
        checks.requestAll();
        break;
    }
    this.wake();
  }

  async maintain(): Promise<void> {
    this.modules.checks.schedule();
    this.modules.session.startPosts();
    await this.#loop.run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.modules.session.end();
    const ended = Promise.all([
      this.#loop.stop(),
      this.exclusively(async () => undefined),
      this.modules.uploads.stop(),
    ]);
    await Promise.race([ended, pause(STOP_WITHIN, undefined, { ref: false })]);
  }

  /** After a restore from a backup, this device must reset its MLS states before it sends anything. */
  async #startSession(): Promise<void> {
    const { mailbox, session, vault, records } = this.modules;
    if (mailbox.restored() && (await this.rounds.tryOpenVault())) await this.rounds.resetStates();
    if (!session.wantsEntries() || mailbox.restored()) return;
    // The server reports changes of a person's devices only to devices that have asked about that person on the current connection. The
    // device therefore asks again.
    for (const { people } of vault.state() === 'open' ? records.conversations() : []) {
      for (const { person } of people) this.#ports.membership.changed(person);
    }
    session.ready();
  }

  readonly #attempt: Attempt = async (what, work) => {
    try {
      return this.#isStopped ? null : await work();
    } catch (error) {
      if (!this.#isStopped) this.#ports.onFailure(what, error);
      this.#loop.requestAt(Date.now() + RETRY_AFTER);
      return null;
    }
  };
}
