/**
 * The outbox: reports to the server, delivered at least once. A report is kept until a frame `reports-stored` confirms its number or a
 * higher one. Every new connection sends unconfirmed reports again. Device, enrollment number and sequence number identify a report, so the
 * server ignores a report that it has already.
 */
import type { DeviceFrame, ReportItem } from '../../shared/protocol/frames.ts';

export interface OutboxRow {
  readonly seq: number;
  readonly item: ReportItem;
}

export interface Outbox {
  /** Number of the device's enrollment. A new enrollment begins with an empty outbox, at sequence number 1. */
  generation(): number;
  beginGeneration(generation: number): void;
  report(item: ReportItem): void;
  unconfirmed(after: number, limit: number): readonly OutboxRow[];
  /** Reports that a refused device posts over HTTPS: evidence and receipts, oldest first. */
  postable(limit: number): readonly OutboxRow[];
  confirm(through: number): void;
  remove(sequences: readonly number[]): void;
  count(): number;
}

/** Maximum number of reports that are sent and not confirmed yet: enough for a fast network, and not too many for a slow server. */
const WINDOW = 64;

export interface OutboxSender {
  /** Called for a new connection. `stored`: the server has stored all reports up to this number. */
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
