import { acceptedBefore, type GateView } from '../../enforcement/gate-view.ts';
import type { Vault } from '../keys/vault.ts';
import type { Mailbox } from './mailbox.ts';
import type { Posts } from './posts.ts';
import type { Uploads } from './uploads.ts';

/** Incoming messages that the device's messaging gate allows: all messages, only messages from before the order, or none. */
type Allowed = 'all' | 'earlier' | 'none';

/** Mailbox state of one connection: which mail the device has requested, and whether the counters of server and device agree. */
export interface MailboxSession {
  isConnected(): boolean;
  /** True if the counters of server and device agree. Only then may the device send posts. */
  isReady(): boolean;
  begin(): void;
  end(): void;
  /** Requests from the server the mail that the gate allows. Requests again after a change of the gate. */
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
  /** Mail that the device has requested on the current connection; null before the first request. */
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
