import { acceptedBefore, type GateView } from '../../enforcement/gate-view.ts';
import type { Vault } from '../keys/vault.ts';
import type { Mailbox } from './mailbox.ts';
import type { Posts } from './posts.ts';
import type { Uploads } from './uploads.ts';

/**
 * Incoming messages that the device's messaging gate allows: all messages, only messages that the server accepted before the order closed
 * the gate, or none.
 */
type Allowed = 'all' | 'earlier' | 'none';

/**
 * Mailbox state of one connection: which messages the device has requested from the server, and whether the server's counters agree with
 * the device's.
 */
export interface MailboxSession {
  isConnected(): boolean;
  /** True if the server's counters agree with the device's. Only then may the device send posts. */
  isReady(): boolean;
  begin(): void;
  end(): void;
  /** Requests from the server the messages that the gate allows. If the gate has changed since the last request, requests again. */
  request(): void;
  wantsMail(): boolean;
  ready(): void;
  /** Sends posts if the session allows it. Posts without a response are sent again. */
  startPosts(): void;
}

export function createMailboxSession(ports: {
  readonly mailbox: Pick<Mailbox, 'ask'>;
  readonly posts: Pick<Posts, 'opened' | 'closed'>;
  readonly uploads: Pick<Uploads, 'retry'>;
  readonly vault: Pick<Vault, 'state'>;
  readonly gate: () => GateView;
}): MailboxSession {
  const { mailbox, posts, uploads } = ports;
  let isConnected = false;
  let isReady = false;
  /** The messages that the device has requested on the current connection; null before the first request. */
  let requested: Allowed | null = null;

  const allowed = (): Allowed => {
    const before = ports.vault.state() === 'wiped' ? null : acceptedBefore(ports.gate());
    if (before === null) return 'none';
    return before === Number.POSITIVE_INFINITY ? 'all' : 'earlier';
  };
  const startPosts = () => {
    if (isReady && requested === 'all') posts.opened();
  };

  return {
    isConnected: () => isConnected,
    isReady: () => isReady,
    begin() {
      isConnected = true;
      requested = null;
      isReady = false;
    },
    end() {
      isConnected = false;
      isReady = false;
      posts.closed();
    },
    request() {
      const now = allowed();
      if (!isConnected || requested === now) return;
      requested = now;
      isReady = false;
      posts.closed();
      uploads.retry();
      mailbox.ask(now !== 'none');
    },
    wantsMail: () => isConnected && requested !== null && requested !== 'none',
    ready() {
      isReady = true;
      startPosts();
    },
    startPosts,
  };
}
