import { acceptedBefore, type GateView } from '../../enforcement/gate-view.ts';
import type { Vault } from '../keys/vault.ts';
import type { Mailbox } from './mailbox.ts';
import type { Posts } from './posts.ts';
import type { Uploads } from './uploads.ts';

/**
 * Incoming messages that orders allow this device. `earlier`: only messages that the server accepted before an order suspended messaging.
 */
type Allowed = 'all' | 'earlier' | 'none';

/**
 * Mailbox state of one connection: the messages that the device has requested, and whether the server's counters agree with the device's.
 */
export interface MailboxSession {
  isConnected(): boolean;
  /**
   * True if the device has compared its message counters with the server's on this connection, so that it may send messages. Higher
   * counters on the server show that the device was restored from a backup. Such a device must first replace its encryption keys.
   */
  isReady(): boolean;
  begin(): void;
  end(): void;
  /**
   * Requests from the server the messages that orders allow now. Each round of the message loop calls this method, which does nothing if
   * the allowed messages are the same as before.
   */
  request(): void;
  wantsEntries(): boolean;
  ready(): void;
  /**
   * Starts to send the stored messages if orders and the state of the session allow it. Messages that were sent before, but got no response
   * from the server, are sent again.
   */
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
    wantsEntries: () => isConnected && requested !== null && requested !== 'none',
    ready() {
      isReady = true;
      startPosts();
    },
    startPosts,
  };
}
