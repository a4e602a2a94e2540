import { randomUUID } from 'node:crypto';
import type { DeviceFrame, ServerFrame } from '../../../shared/protocol/frames.ts';
import type { PostPurpose } from '../conversation/records.ts';
import type { Vault } from '../keys/vault.ts';
import type { MessageStore } from '../message-store.ts';

type PostFrame = Extract<DeviceFrame, { kind: 'post' }>;
export type Posted = Extract<ServerFrame, { kind: 'posted' }>;

export interface NewPost {
  /** Identifier of the message if the post contains a text message. Other posts get a new identifier. */
  readonly id?: string;
  readonly to: readonly PostFrame['to'][number][];
  readonly commit?: PostFrame['commit'] | undefined;
  readonly body: Uint8Array;
}

/**
 * Kinds of posts that a device needs to stay in its conversations. If an order suspends messaging, the server never returns these posts to
 * their sender. The server can distinguish these kinds from messages.
 */
const KEPT: ReadonlySet<PostPurpose['kind']> = new Set(['commit', 'welcome', 'rejoin']);

/** Maximum number of posts that are sent and have no response yet. */
const WINDOW = 16;

/** Milliseconds before a refused post is sent again. The order that caused the refusal may end before the device receives the news. */
const AGAIN_AFTER = 10_000;

/**
 * Posts to other devices' mailboxes, delivered at least once. A post is kept until the server responds, and every new connection sends it
 * again. If the server already has a post with this id, it repeats its response.
 */
export interface Posts {
  /** Stores a post in the current transaction and returns its id. */
  add(post: NewPost, purpose: PostPurpose): string;
  /** Sends all stored posts on a new connection. Posts that an earlier connection sent come first. */
  opened(): void;
  closed(): void;
  pump(): void;
  /**
   * Returns the purpose of the post to which the server responded; null if a response to this post was already processed. The caller
   * removes the post in its own transaction.
   */
  purposeOf(response: Posted): PostPurpose | null;
  /** Removes the post to which the server responded. If the server accepted the post, also counts it. */
  settled(response: Posted): void;
  /** Keeps a refused post, which is sent again after a delay and on each new connection. */
  deferred(response: Posted): void;
  /** Removes the posts of one conversation, or of all conversations if `null` is given, and returns their purposes. */
  forget(conversation: string | null): readonly (PostPurpose & { readonly id: string })[];
}

export function createPosts(ports: {
  readonly store: MessageStore;
  readonly vault: Vault;
  readonly send: (frame: DeviceFrame) => boolean;
  readonly countAccepted: () => void;
  /** Requests that the engine calls `pump` at the given time or earlier. */
  readonly wakeAt: (at: number) => void;
}): Posts {
  const { store, vault } = ports;
  let open = false;
  const inFlight = new Set<string>();
  /** For each refused post, the time before which `pump` does not send it again. */
  const deferred = new Map<string, number>();

  const pump = () => {
    if (!open || vault.state() !== 'open') return;
    const now = Date.now();
    for (const [id, until] of deferred) {
      // If the delay that remains is longer than `AGAIN_AFTER`, the clock was set back.
      if (now < until && until <= now + AGAIN_AFTER) ports.wakeAt(until);
      else {
        deferred.delete(id);
        inFlight.delete(id);
      }
    }
    for (const { id, frame } of store.posts(WINDOW + inFlight.size)) {
      if (inFlight.has(id)) continue;
      if (!ports.send(vault.unseal<PostFrame>(`post ${id}`, frame))) return;
      inFlight.add(id);
    }
  };

  return {
    add({ id = randomUUID(), to, commit = null, body }, purpose) {
      const frame: PostFrame = {
        kind: 'post',
        id,
        to: [...to],
        keep: KEPT.has(purpose.kind),
        commit,
        expires: null,
        body: Buffer.from(body).toString('base64'),
      };
      store.addPost({ id, frame: vault.seal(`post ${id}`, frame), about: vault.seal(`purpose ${id}`, purpose) });
      return id;
    },
    opened() {
      open = true;
      inFlight.clear();
      deferred.clear();
      pump();
    },
    closed() {
      open = false;
    },
    pump,
    purposeOf({ id }) {
      const stored = store.post(id);
      return stored ? vault.unseal<PostPurpose>(`purpose ${id}`, stored.about) : null;
    },
    settled({ id, outcome }) {
      inFlight.delete(id);
      deferred.delete(id);
      store.removePost(id);
      if (outcome === 'accepted') ports.countAccepted();
    },
    deferred({ id }) {
      inFlight.add(id);
      deferred.set(id, Date.now() + AGAIN_AFTER);
      ports.wakeAt(Date.now() + AGAIN_AFTER);
    },
    forget(conversation) {
      const all = store.posts(Number.MAX_SAFE_INTEGER).map(({ id, about }) => ({
        ...vault.unseal<PostPurpose>(`purpose ${id}`, about),
        id,
      }));
      const gone = all.filter((purpose) => conversation === null || purpose.conversation === conversation);
      for (const { id } of gone) {
        inFlight.delete(id);
        deferred.delete(id);
        store.removePost(id);
        // The server may have accepted the post although no response arrived, so the post is counted. If the server did not accept it, the
        // next comparison of counters corrects the count.
        ports.countAccepted();
      }
      return gone;
    },
  };
}
