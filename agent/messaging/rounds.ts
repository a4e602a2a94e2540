import type { Instant } from '../../shared/time/clock.ts';
import { acceptedBefore } from '../enforcement/gate-view.ts';
import { type Attempt, RETRY_AFTER } from './attempt.ts';
import type { ConversationRecord } from './conversation/records.ts';
import type { EnginePorts, LoopHooks, MessagingModules } from './modules.ts';
import { PostResponses } from './post-responses.ts';

export class Rounds {
  readonly responses: PostResponses;
  readonly #modules: MessagingModules;
  readonly #ports: EnginePorts;
  readonly #hooks: LoopHooks;
  readonly #attempt: Attempt;

  constructor(modules: MessagingModules, ports: EnginePorts, hooks: LoopHooks, attempt: Attempt) {
    this.responses = new PostResponses(modules, ports.store, attempt, hooks.onChange);
    this.#modules = modules;
    this.#ports = ports;
    this.#hooks = hooks;
    this.#attempt = attempt;
  }

  async run(): Promise<void> {
    const { key, mailbox, stock, certification, session, records, posts } = this.#modules;
    const isOpen = await this.tryOpenVault();
    if (!this.#ports.hasOrganizationKey()) return;
    if ((await this.#attempt('read the messaging key', key.load)) === null) return;
    if (isOpen && mailbox.restored()) await this.resetStates();
    // The device uploads key packages before the server presents it as verified. Other devices can then add it to conversations at once.
    if (isOpen && session.isConnected()) await this.#attempt('upload key packages', stock.work);
    const isCertified = await this.#attempt('check the confirmation of this device', () =>
      certification.check(session.isConnected()),
    );
    if (!isCertified) return;
    session.request();
    if (!isOpen) return;
    await this.responses.process();
    const before = acceptedBefore(this.#ports.gate());
    if (before === null) return;
    await this.#read(before);
    if (!session.isReady() || !this.#ports.gate().open) return;
    for (const record of records.conversations()) await this.#tend(record);
    await this.#attempt('send posts', posts.pump);
  }

  async tryOpenVault(): Promise<boolean> {
    return (await this.#attempt('open the vault', () => this.openVault())) ?? false;
  }

  async openVault(): Promise<boolean> {
    const { vault, session } = this.#modules;
    if (vault.state() === 'closed') {
      await vault.open();
      session.startPosts();
      this.#hooks.onChange();
    }
    return vault.state() === 'open';
  }

  async resetStates(): Promise<void> {
    const { stateLoss, mailbox } = this.#modules;
    await this.#attempt('reset the conversations', () => stateLoss.resetAll(mailbox.resetDone));
  }

  async #read(before: Instant): Promise<void> {
    const isEmpty = this.#ports.store.unopenedItems(0, 1).length === 0;
    const result = await this.#attempt('read the mailbox', () => this.#modules.reader.open(before));
    if (result?.isWaiting) this.#hooks.wakeAt(Date.now() + Math.min(RETRY_AFTER, this.#ports.patience));
    if (!isEmpty) this.#hooks.onChange();
  }

  async #tend({ id, state, missing, descriptionDue }: ConversationRecord): Promise<void> {
    const { rejoinRequests, checks, quiet, descriptions, texts, receipts, gaps } = this.#modules;
    const { wakeAt, onChange } = this.#hooks;
    if (state === 'rejoining') await this.#attempt('ask to rejoin', () => rejoinRequests.ask(id));
    const isWriting = this.#ports.store.countMarked(id, 'unsent') > 0;
    if (state === 'ready') await this.#attempt('check the members', () => checks.run(id, isWriting));
    // Other members keep the keys of only a few earlier epochs (versions of the group's keys). The departure must therefore be sealed in
    // the newest epoch, which the device knows when its mailbox is empty.
    const wait = state === 'left' && descriptionDue ? quiet.emptyIn() : 0;
    if (wait > 0) wakeAt(Date.now() + wait);
    else await this.#attempt('send the description', () => descriptions.send(id));
    // Before sending messages, a group check must have removed all devices that may no longer read the conversation.
    if (isWriting && checks.isCurrent(id)) {
      await this.#attempt('send messages', () => texts.send(id));
      onChange();
    }
    await this.#attempt('send receipts', () => receipts.send(id));
    const again = missing ? await this.#attempt('report missing messages', () => gaps.report(id)) : null;
    if (again !== null) wakeAt(Date.now() + again);
  }
}
