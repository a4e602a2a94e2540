import type { Attempt } from './attempt.ts';
import type { Posted } from './mailbox/posts.ts';
import type { MessageStore } from './message-store.ts';
import type { MessagingModules } from './modules.ts';

type Modules = Pick<MessagingModules, 'vault' | 'posts' | 'texts' | 'changes' | 'descriptions' | 'succession'>;

/**
 * The server's responses to messages that this device sent. A response waits in memory until the key of the stored messages is loaded. A
 * restart loses waiting responses, so the device sends the messages again and the server repeats its responses.
 */
export class PostResponses {
  readonly #modules: Modules;
  readonly #store: Pick<MessageStore, 'transaction'>;
  readonly #attempt: Attempt;
  readonly #onChange: () => void;
  #waiting: Posted[] = [];

  constructor(modules: Modules, store: Pick<MessageStore, 'transaction'>, attempt: Attempt, onChange: () => void) {
    this.#modules = modules;
    this.#store = store;
    this.#attempt = attempt;
    this.#onChange = onChange;
  }

  add(response: Posted): void {
    this.#waiting.push(response);
  }

  clear(): void {
    this.#waiting = [];
  }

  /**
   * Processes the server's responses to messages that this device sent. If the processing of a response fails, for example on a full disk,
   * that response waits for the next round of the message loop.
   */
  async process(): Promise<void> {
    const failed = new Set<Posted>();
    for (;;) {
      const response = this.#waiting.find((one) => !failed.has(one));
      if (!response || this.#modules.vault.state() !== 'open') return;
      const isDone = await this.#attempt('process the response to a post', async () => {
        await this.#settle(response);
        return true;
      });
      if (isDone) this.#waiting = this.#waiting.filter((one) => one !== response);
      else failed.add(response);
      this.#onChange();
    }
  }

  async #settle(response: Posted): Promise<void> {
    const { posts, texts, changes, descriptions, succession } = this.#modules;
    const purpose = posts.purposeOf(response);
    const isAccepted = response.outcome === 'accepted';
    // If the outgoing message is no longer stored, an earlier response to it was already processed.
    if (!purpose) return;
    if (purpose.kind === 'text') return texts.settle(purpose, response);
    if (purpose.kind === 'commit') return changes.settle(purpose.conversation, response);
    if (purpose.kind === 'description' && isAccepted) return descriptions.settle(purpose, response);
    if (response.outcome === 'refused') return posts.deferred(response);
    this.#store.transaction(() => posts.settled(response));
    if (purpose.kind === 'welcome' && !isAccepted) succession.stopWelcome(purpose.conversation);
  }
}
