import { randomUUID } from 'node:crypto';
import type { DeviceFrame, ServerFrame } from '../../../shared/protocol/frames.ts';
import type { PostPurpose } from '../conversation/records.ts';
import type { Vault } from '../keys/vault.ts';
import type { MessageStore } from '../message-store.ts';

type PostFrame = Extract<DeviceFrame, { kind: 'post' }>;
export type Posted = Extract<ServerFrame, { kind: 'posted' }>;

export interface NewPost {
  /** Identifier that a text message got when the user wrote it. Other outgoing messages have no identifier yet, so `add` makes one. */
  readonly id?: string;
  readonly to: readonly PostFrame['to'][number][];
  readonly commit?: PostFrame['commit'] | undefined;
  readonly body: Uint8Array;
}

/**
 * Kinds of messages that a device needs to follow the changes of a conversation's members and keys. The server can distinguish them from
 * text messages. While an order suspends messaging, the server holds them and never returns them to the sender.
 */
const KEPT: ReadonlySet<PostPurpose['kind']> = new Set(['commit', 'welcome', 'rejoin']);

const WINDOW = 16;

/** Milliseconds before a refused message is sent again. The order that caused the refusal may end before the device knows. */
const AGAIN_AFTER = 10_000;

/**
 * Outgoing messages to other devices' mailboxes, delivered at least once. A message is kept until the server responds, and every new
 * connection sends it again. For a repeated id, the server repeats its response.
 */
export interface Posts {
  add(post: NewPost, purpose: PostPurpose): string;
  opened(): void;
  closed(): void;
  pump(): void;
  /**
   * Returns the kind and the conversation of the message to which the server responded; null if a response was already processed. The
   * message stays stored, because the caller removes it together with its other changes in one transaction.
   */
  purposeOf(response: Posted): PostPurpose | null;
  /**
   * Deletes an outgoing message from the store after the server's response. Counts the message if the server accepted it, because the
   * server counts accepted messages too and a difference would look like a restore from a backup.
   */
  settled(response: Posted): void;
  /** Keeps a refused message, which is sent again after a delay and on each new connection. */
  deferred(response: Posted): void;
  /**
   * Removes the outgoing messages of one conversation, or of all conversations for `null`. Returns the kind, conversation and id of each,
   * so that the caller can send the user's texts again.
   */
  forget(conversation: string | null): readonly (PostPurpose & { readonly id: string })[];
}

export function createPosts(ports: {
  readonly store: MessageStore;
  readonly vault: Vault;
  readonly send: (frame: DeviceFrame) => boolean;
  readonly countAccepted: () => void;
  readonly wakeAt: (at: number) => void;
}): Posts {
  const { store, vault } = ports;
  let open = false;
  const inFlight = new Set<string>();
  /** Refused messages, each with the earliest time of the next attempt. */
  const deferred = new Map<string, number>();

  const pump = () => {
    if (!open || vault.state() !== 'open') return;
    const now = Date.now();
    for (const [id, until] of deferred) {
      // A remaining delay that is longer than `AGAIN_AFTER` shows that the clock was set back.
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
      store.addPost({ id, frame: vault.seal(`post ${id}`, frame), purpose: vault.seal(`purpose ${id}`, purpose) });
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
      return stored ? vault.unseal<PostPurpose>(`purpose ${id}`, stored.purpose) : null;
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
      const all = store.posts(Number.MAX_SAFE_INTEGER).map(({ id, purpose }) => ({
        ...vault.unseal<PostPurpose>(`purpose ${id}`, purpose),
        id,
      }));
      const gone = all.filter((purpose) => conversation === null || purpose.conversation === conversation);
      for (const { id } of gone) {
        inFlight.delete(id);
        deferred.delete(id);
        store.removePost(id);
        // The server may have accepted a message without a response, so the message is counted. The next comparison of counters corrects
        // the count.
        ports.countAccepted();
      }
      return gone;
    },
  };
}
