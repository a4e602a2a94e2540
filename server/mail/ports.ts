import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import type {
  MailKeyStatement,
  MailQueueItem,
  MailResponse,
  mailConnectorsResponse,
  mailKeysResponse,
  SealedMail,
} from '../../shared/protocol/mail-http.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import type { Enrollment, Gate, MailboxFigures, WaitingStore } from '../relay/relay.ts';

export type MailKeys = (typeof mailKeysResponse)['_output']['keys'];
export type MailConnectors = (typeof mailConnectorsResponse)['_output']['connectors'];

export interface MailKeyStore {
  /**
   * Stores the newest mail key of a current enrollment. Changes nothing for a repeated key. Throws `conflict` for a key with an older
   * number, or with the number of another key. Throws `device_unknown` if the enrollment has ended.
   */
  putKey(enrollment: Enrollment, number: number, statement: MailKeyStatement): Promise<void>;
  keysOf(devices: readonly DeviceId[]): Promise<MailKeys>;
}

/** Person with an address, and their verified devices that have a mail key. */
export interface Addressee {
  readonly person: PersonId;
  readonly emailKey: string;
  readonly devices: readonly Pick<MailQueue, 'device' | 'entries' | 'bytes' | 'gate' | 'connector'>[];
}

/** Enrolled mail connector, for admins. */
export interface ConnectorState {
  readonly device: DeviceId;
  readonly user: string;
  readonly hostname: string | null;
  readonly connected: boolean;
  /** Time of the newest data from the connector, by the server clock; null before its first connection. */
  readonly lastSeenAt: number | null;
  /** True if the organization has countersigned the connector's messaging key and the connector has a mail key. */
  readonly ready: boolean;
}

export interface MailDirectory {
  /** True if this is the current enrollment of a mail connector. */
  isConnector(enrollment: Enrollment): Promise<boolean>;
  /** Enrolled mail connectors, connected ones first, at most `limit`. */
  connectors(limit: number): Promise<MailConnectors>;
  /** Enrolled mail connectors by user, at most `limit`. */
  connectorStates(limit: number): Promise<ConnectorState[]>;
  /** Active people with these canonical e-mail addresses. */
  addressees(emailKeys: readonly string[]): Promise<Addressee[]>;
}

export interface StoredPiece {
  readonly id: string;
  readonly enrollment: Enrollment;
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly at: Instant;
}

export interface MailPieceStore {
  /**
   * Stores a piece. A second upload of the same bytes by the same device changes nothing. Throws `conflict` if another piece has this name.
   * Throws `unavailable` if the device's pieces that no mail names would exceed `most` bytes.
   */
  put(piece: StoredPiece, most: number): Promise<void>;
  /**
   * Size in bytes of a piece of a mail that waits in the enrollment's queue; null if there is none. `dueOnly`: an order suspends mail for
   * the device, so that only mail counts that the order's rule delivers.
   */
  size(id: string, recipient: Enrollment, dueOnly: boolean): Promise<number | null>;
  /** Part of the piece from the byte offset `from`. Null if the piece was deleted. */
  part(id: string, from: number, length: number): Promise<Buffer | null>;
}

/** Mail to store, with a judgment for each recipient of the time when the server received the mail. */
export interface JudgedMail {
  readonly mail: SealedMail;
  readonly at: Instant;
  readonly expiresAt: Instant;
  readonly recipients: readonly (Enrollment & {
    readonly known: boolean;
    readonly denial: DenialNotice | null;
    readonly waiting: WaitingRule | null;
  })[];
}

export interface MailQueue extends Enrollment {
  lastSeq: number;
  offered: number;
  acknowledged: number;
  entries: number;
  bytes: number;
  events: number;
  gate: Gate;
  readonly connector: boolean;
}

export interface MailEntry extends Enrollment {
  readonly seq: number;
  readonly bytes: number;
  readonly heldBy: string | null;
}

/**
 * Result of an attempt to store a mail.
 * - `placed`: the mail has a response. `entries` are its new queue entries; a repeated mail has none.
 * - `piece-missing`: a piece is not stored, has other content, or belongs to another mail or device.
 */
export type PlacedMail =
  | { readonly result: 'placed'; readonly response: MailResponse; readonly entries: readonly MailEntry[] }
  | { readonly result: 'piece-missing'; readonly piece: string }
  | { readonly result: 'sender-ended' };

export interface MailStore {
  /** Stores a mail by the rules of `placement.ts`. Several mails share a transaction; a mail is durable when the promise resolves. */
  place(judged: JudgedMail): Promise<PlacedMail>;
  earlierResponse(sender: Enrollment, id: string): Promise<MailResponse | null>;
}

export interface MailQueueQuery extends Enrollment {
  readonly after: number;
  readonly items: number;
  /** Size limit of a page in bytes. The page ends with the item that reaches the limit. */
  readonly bytes: number;
  readonly dueOnly: boolean;
  readonly now: Instant;
}

export interface MailQueuePage {
  readonly items: readonly MailQueueItem[];
  readonly more: boolean;
}

export interface MailQueueStore extends WaitingStore {
  /**
   * Reads queue items, sorted by sequence number, and records durably which items the device was offered. If `after` is higher than every
   * item that was ever offered, the store was restored from an older backup. The waiting items then get new numbers above `after`.
   */
  read(query: MailQueueQuery): Promise<MailQueuePage>;
  /**
   * Records that the device has stored the offered items up to `through`, and deletes them. Returns the senders that receive an event.
   */
  acknowledge(enrollment: Enrollment, through: number, now: Instant): Promise<readonly DeviceId[]>;
  figures(): Promise<MailFigures>;
}

export interface MailFigures extends MailboxFigures {
  readonly heldBytes: number;
  /** Number and bytes of the mails that the server returned to their senders in the last 30 days. */
  readonly returned: number;
  readonly returnedBytes: number;
}
