import type { Generated } from 'kysely';
import type { Flag } from './flag.ts';

export interface MessageTables {
  messaging_keys: {
    device_id: string;
    generation: number;
    person_id: string;
    name: string;
    /** User's name as normalized by `foldedName`, for search. */
    folded: string;
    signature_key: string;
    /** Messaging certificate as canonical JSON, which the server's online key and the organization key sign. */
    payload: string;
    digest: string;
    certified_at: number;
    /** 1 if no organization key of the current approver set has signed the key. See `CountersignatureStore.settle`. */
    unverified: Flag;
  };
  messaging_signatures: {
    device_id: string;
    generation: number;
    keyid: string;
    role: 'online' | 'organization';
    signature: string;
    entry_id: number;
  };
  /** Key packages of devices, in the order of their arrival. */
  key_packages: {
    id: Generated<number>;
    device_id: string;
    generation: number;
    /** 1 for a key package that is given out repeatedly when no other is left (RFC 9420). */
    last_resort: Flag;
    body: string;
  };
  /** Conversations. The device that started a conversation registers it. `at`: time of the newest commit. */
  conversations: {
    conversation: string;
    next_epoch: number;
    started_by: string;
    started_generation: number;
    at: number;
  };
  /** Enrollments of devices that may send the conversation's next commit. */
  conversation_members: { conversation: string; device_id: string; generation: number };
  /** The accepted commit of each epoch (version of the keys) of a conversation. */
  conversation_epochs: {
    conversation: string;
    epoch: number;
    device_id: string;
    generation: number;
    post_id: string;
    at: number;
  };
  /** Accepted posts. The server sends the stored response again when a sender repeats its request. */
  posts: {
    id: Generated<number>;
    device_id: string;
    generation: number;
    post_id: string;
    at: number;
    keep: Flag;
    /** Expiry that the sender requested, by the server clock. */
    expires_at: number | null;
    answer: string;
    /** Sealed body of the post; null when no mailbox needs it any more. */
    body: string | null;
  };
  /** Mailbox of one enrollment. The row is deleted when the enrollment ends. */
  mailboxes: {
    device_id: string;
    generation: number;
    last_seq: number;
    /** Highest sequence number that the device acknowledged. */
    acknowledged: number;
    /** Number of posts that the server accepted from the device. */
    posts: number;
    /** Number of waiting posts, number of bytes of these posts, and number of waiting delivery reports. */
    entries: number;
    bytes: number;
    delivery_reports: number;
    /** Rule of the order that blocks messaging, for posts that waited when the order took effect. `open`: no order blocks messaging. */
    gate: 'open' | 'deliver' | 'hold' | 'return';
  };
  mailbox_entries: {
    device_id: string;
    seq: number;
    /** Post of the entry (`posts.id`); null for a delivery report. */
    post: number | null;
    /** Delivery report as JSON; null for a post. */
    delivery_report: string | null;
    bytes: number;
    expires_at: number;
    /** Number of the order that makes the server hold the message. */
    held_by: string | null;
    /**
     * 1 if an order blocks messaging but allows delivery of this post, because the server accepted the post before the order took effect.
     */
    due: Flag;
  };
  attachments: { id: string; device_id: string; size: number; at: number; body: Buffer };
}
