/**
 * Reports to the server, delivered at least once: a report is kept until a frame `reports-stored` confirms its number or a higher one.
 * Device, enrollment number and sequence number identify a report, so the server ignores duplicates.
 */
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';

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
  /** Evidence and receipts that a refused device sends over HTTPS, oldest first. */
  postable(limit: number): readonly OutboxRow[];
  confirm(through: number): void;
  remove(sequences: readonly number[]): void;
  count(): number;
}

/** Maximum number of sent reports without confirmation: enough for a fast network, and not too many for a slow server. */
const WINDOW = 64;

export interface OutboxSender {
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
