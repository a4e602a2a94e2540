import type { Flag } from './flag.ts';

export interface MailTables {
  /** Newest mail key of each current enrollment, as signed by the device. */
  mail_keys: { device_id: string; generation: number; number: number; payload: string; signature: string };
  /** Encrypted pieces of mails. `mail`: id of the row in `mails` that names the piece; null until a mail names it. */
  mail_pieces: {
    id: string;
    device_id: string;
    generation: number;
    sha256: string;
    size: number;
    at: number;
    mail: number | null;
    body: Buffer;
  };
  /** Accepted mails that wait in at least one queue. */
  mails: {
    id: number;
    device_id: string;
    generation: number;
    mail_id: string;
    at: number;
    /** Number of queue entries with this mail. The row and its pieces are deleted together with the last entry. */
    entries: number;
    /** Sealed mail (`sealedMailSchema`) as JSON. */
    body: string;
  };
  /** Responses to accepted mails, as JSON. The server sends the response again when a sender repeats its request. */
  mail_results: { device_id: string; generation: number; mail_id: string; at: number; answer: string };
  /** Mail queue of one enrollment. The row is deleted when the enrollment ends. */
  mail_queues: {
    device_id: string;
    generation: number;
    last_seq: number;
    /** Highest sequence number that the server sent to the device. An acknowledgment counts only up to this number. */
    offered: number;
    /** Highest sequence number that the device acknowledged. */
    acknowledged: number;
    /** Number of waiting mails, their total bytes, and number of waiting events. */
    entries: number;
    bytes: number;
    events: number;
    /** Rule of the order that suspends mail, for mail that waited when the order took effect. `open`: no order suspends mail. */
    gate: 'open' | 'deliver' | 'hold' | 'return';
  };
  /** Mails that the server returned to their senders on one day (days since 1970, UTC), and their bytes. */
  mail_returns: { day: number; mails: number; bytes: number };
  /** Items of the queues. `bytes`: size of the mail, also for an event about it. */
  mail_entries: {
    device_id: string;
    seq: number;
    /** Waiting mail, or (as JSON) an event of a mail that the device sent. */
    mail: number | null;
    event: string | null;
    at: number;
    bytes: number;
    expires_at: number;
    /** Order because of which the server holds the mail. */
    holding_order: string | null;
    /** 1 if an order suspends mail but allows delivery of this mail, because the server accepted it before the order took effect. */
    due: Flag;
  };
}
