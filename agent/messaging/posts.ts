/**
 * Device → mailboxes of others, at least once: a post stays here until the server has answered it, and is sent again on every connection. The
 * server knows a post by its id and answers it the same however often it comes.
 */
import { randomUUID } from 'node:crypto';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { MessageStore } from './message-store.ts';
import type { PostPurpose } from './records.ts';
import type { Vault } from './vault.ts';

type PostFrame = Extract<DeviceFrame, { kind: 'post' }>;
export type Posted = Extract<ServerFrame, { kind: 'posted' }>;

export interface NewPost {
  /** A text's own id; others get one here. */
  readonly id?: string;
  readonly to: readonly PostFrame['to'][number][];
  readonly commit?: PostFrame['commit'] | undefined;
  readonly body: Uint8Array;
}

/** Without them a device is lost to its conversation, so no order sends them back. The server can tell them from what people say in any case. */
const KEPT: ReadonlySet<PostPurpose['kind']> = new Set(['commit', 'welcome', 'rejoin']);

/** Posts on their way at once. */
const WINDOW = 16;

/** Real time. An order that the server keeps to and this device has not heard of may end before it has. */
const AGAIN_AFTER = 10_000;

export interface Posts {
  /** Stores it, inside the step that it belongs to. Returns its id. */
  add(post: NewPost, purpose: PostPurpose): string;
  /** The connection may carry posts, none of which is known to be on its way. */
  opened(): void;
  closed(): void;
  pump(): void;
  /** What an answer is about, or null when it was answered before. The row is the handler's to remove, in its own step. */
  purposeOf(answer: Posted): PostPurpose | null;
  /** Takes the row away, and counts what the server has accepted as it does itself. */
  settled(answer: Posted): void;
  /** Refused for now: it stays, and is tried again after a while, or when the way is opened anew. */
  deferred(answer: Posted): void;
  /** Takes away what is of one conversation, or of all, and gives what it was for. */
  forget(conversation: string | null): readonly (PostPurpose & { readonly id: string })[];
}

export function createPosts(ports: {
  readonly store: MessageStore;
  readonly vault: Vault;
  readonly send: (frame: DeviceFrame) => boolean;
  readonly countAccepted: () => void;
  /** `pump` is to be called again at that time, or before. */
  readonly wakeAt: (at: number) => void;
}): Posts {
  const { store, vault } = ports;
  let open = false;
  const inFlight = new Set<string>();
  /** Until when they stay among those that are on their way, so that `pump` leaves them alone. */
  const deferred = new Map<string, number>();

  const pump = () => {
    if (!open || vault.state() !== 'open') return;
    const now = Date.now();
    for (const [id, until] of deferred) {
      // A clock that was set back would leave it for as long again.
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
        // Nobody hears its answer any more, and the server may have accepted it. If it has not, the next comparison takes it off again.
        ports.countAccepted();
      }
      return gone;
    },
  };
}
