/**
 * The outbox: reports to the server, delivered at least once. A report stays until `reports-stored` confirms it or a later one, and every new connection sends
 * it again. The server ignores a repeated (device, generation, sequence).
 */
import type { DeviceFrame, ReportItem } from '../../shared/protocol/frames.ts';

export interface OutboxRow {
  readonly seq: number;
  readonly item: ReportItem;
}

export interface Outbox {
  /** Reports belong to one enrollment generation. A new generation begins empty, at sequence number 1. */
  generation(): number;
  beginGeneration(generation: number): void;
  report(item: ReportItem): void;
  unconfirmed(after: number, limit: number): readonly OutboxRow[];
  /** Reports that a refused device posts by HTTPS: evidence and receipts, oldest first. */
  postable(limit: number): readonly OutboxRow[];
  confirm(through: number): void;
  remove(sequences: readonly number[]): void;
  count(): number;
}

/** Unconfirmed reports at the same time: enough for a fast connection, and not too many for a slow server. */
const WINDOW = 64;

export interface OutboxSender {
  /** Called for an open connection with the number up to which the server has stored all reports. */
  opened(stored: number): void;
  closed(): void;
  confirmed(through: number): void;
  pump(): void;
}

export function createOutboxSender(outbox: Outbox, send: (frame: DeviceFrame) => boolean): OutboxSender {
  let open = false;
  let sent = 0;
  const inFlight = new Set<number>();
  const pump = () => {
    if (!open || inFlight.size >= WINDOW) return;
    for (const { seq, item } of outbox.unconfirmed(sent, WINDOW - inFlight.size)) {
      if (!send({ kind: 'report', seq, item })) return;
      sent = seq;
      inFlight.add(seq);
    }
  };
  return {
    opened(stored) {
      if (stored > 0) outbox.confirm(stored);
      open = true;
      sent = stored;
      inFlight.clear();
      pump();
    },
    closed() {
      open = false;
    },
    confirmed(through) {
      outbox.confirm(through);
      for (const seq of inFlight) if (seq <= through) inFlight.delete(seq);
      pump();
    },
    pump,
  };
}
