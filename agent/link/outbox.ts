/**
 * Device → server, at least once: a report stays in the outbox until `reports-stored` names it or a later one, and is sent again
 * on every new connection. The server knows (device, generation, sequence) and ignores what it has.
 */
import type { DeviceFrame, ReportItem } from '../../shared/protocol/frames.ts';

export interface OutboxRow {
  readonly seq: number;
  readonly item: ReportItem;
}

export interface Outbox {
  /** Rows and sequence belong to one enrolment generation; a new one begins empty, at 1. */
  generation(): number;
  beginGeneration(generation: number): void;
  report(item: ReportItem): void;
  unconfirmed(after: number, limit: number): readonly OutboxRow[];
  receipts(limit: number): readonly OutboxRow[];
  confirm(through: number): void;
  remove(sequences: readonly number[]): void;
  count(): number;
}

/** Reports on their way at once: enough to fill a connection, few enough that a slow server is not flooded. */
const WINDOW = 64;

export interface OutboxSender {
  /** A connection is up and the server has stored everything through this number. */
  opened(stored: number): void;
  closed(): void;
  confirmed(through: number): void;
  /** Something may be new in the outbox. */
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
