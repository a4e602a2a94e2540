import type { Generated } from 'kysely';
import type { Flag } from './flag.ts';

export interface MessageTables {
  messaging_keys: {
    device_id: string;
    generation: number;
    person_id: string;
    name: string;
    folded: string;
    signature_key: string;
    /** Messaging certificate as canonical JSON, which the server's online key and the organization key sign. */
    payload: string;
    digest: string;
    certified_at: number;
    /** 1 if no organization key of the current approver set has signed the messaging key. */
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
  key_packages: {
    id: Generated<number>;
    device_id: string;
    generation: number;
    /** 1 for a key package that is given out repeatedly when no other is left (RFC 9420). */
    last_resort: Flag;
    body: string;
  };
  /** Conversations. `at`: time of the newest commit. */
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
  /** Accepted messages that wait in at least one mailbox. */
  posts: {
    id: number;
    device_id: string;
    generation: number;
    post_id: string;
    at: number;
    keep: Flag;
    expires_at: number | null;
    /** Number of mailbox entries with this message. The row is deleted together with the last entry. */
    entries: number;
    /** Encrypted body of the message. */
    body: string;
  };
  /** Responses to accepted messages. The server sends the response again when a sender repeats its request. */
  post_results: {
    id: Generated<number>;
    /** Short digest of the sender and the message's id (`digestOf`). */
    digest: number;
    device_id: string;
    generation: number;
    post_id: string;
    at: number;
    answer: string;
    /** Number of the message in `posts`; null if no recipient was to receive it. The row in `posts` may be gone. */
    post: number | null;
  };
  /** Mailbox of one enrollment. The row is deleted when the enrollment ends. */
  mailboxes: {
    device_id: string;
    generation: number;
    last_seq: number;
    /** Highest sequence number that the device acknowledged. */
    acknowledged: number;
    /** Number of messages that the server accepted from the device. */
    posts: number;
    /** Number of waiting messages, their total bytes, and number of waiting delivery reports. */
    entries: number;
    bytes: number;
    delivery_reports: number;
    /** Rule of the order that blocks messaging, for messages that waited when the order took effect. `open`: no order blocks messaging. */
    gate: 'open' | 'deliver' | 'hold' | 'return';
  };
  mailbox_entries: {
    device_id: string;
    seq: number;
    post: number | null;
    delivery_report: string | null;
    bytes: number;
    expires_at: number;
    /** Order because of which the server holds the message. */
    holding_order: string | null;
    /** 1 if an order blocks messaging but allows delivery of this message, because the server accepted it before the order took effect. */
    due: Flag;
  };
  attachments: { id: string; device_id: string; size: number; at: number; body: Buffer };
}
