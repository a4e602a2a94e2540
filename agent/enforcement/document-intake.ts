import { isCordonError } from '../../shared/errors.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { addressObservation } from '../evidence/sensors.ts';
import type { DeviceClock } from './device-clock.ts';
import type { Enforcement } from './enforcement.ts';

/** Network address of the device as the server sees it, with the server's time. */
export interface SeenAddress {
  readonly time: number;
  /** True if the server considers its own clock unreliable. */
  readonly doubtful?: boolean | undefined;
  readonly areas: readonly string[];
}

/**
 * Intake of documents from the server. A document arrives in a frame, in the body of a refusal, or in the response to a poll. A refused
 * document is logged and does not close the connection, because the next document arrives over the same connection.
 */
export interface DocumentIntake {
  approverSets(envelopes: readonly Envelope[]): void;
  /**
   * Accepts an order list. `withheld`: the text of withheld revisions, as far as it is available. The list itself contains only
   * placeholders for them.
   */
  list(envelope: Envelope, withheld?: readonly Envelope[]): void;
  /** Accepts withheld revisions that the stored order list names and that the device did not have yet. */
  withheld(envelopes: readonly Envelope[]): void;
  record(envelope: Envelope): void;
  timeCorrection(envelope: Envelope): void;
  /**
   * Records the device's network address. `connected`: true if the server saw the address on the open connection. Such an address stays
   * current evidence until the connection closes.
   */
  address(seen: SeenAddress, connected: boolean): void;
}

export function createDocumentIntake(
  enforcement: Enforcement,
  clock: Pick<DeviceClock, 'authenticate' | 'now'>,
  onRefused: (code: string, detail: string) => void,
): DocumentIntake {
  const tolerant = (accept: () => void) => {
    try {
      accept();
    } catch (error) {
      if (!isCordonError(error)) throw error;
      onRefused(error.code, error.message);
    }
  };
  return {
    approverSets: (envelopes) => tolerant(() => enforcement.accept.approverSets(envelopes)),
    list: (envelope, withheld) => tolerant(() => enforcement.accept.list(envelope, withheld)),
    withheld: (envelopes) => tolerant(() => enforcement.accept.withheld(envelopes)),
    timeCorrection: (envelope) => tolerant(() => enforcement.accept.timeCorrection(envelope)),
    record: (envelope) => tolerant(() => enforcement.accept.record(envelope)),
    address({ time, doubtful = false, areas }, connected) {
      const at = !doubtful && clock.authenticate(time) ? time : clock.now();
      enforcement.timeAlerts.checkServerTime();
      const seen = addressObservation(areas, at);
      if (seen) enforcement.evidence.observe([seen]);
      if (!seen || !connected) enforcement.evidence.addressLeft(at);
      enforcement.settle();
    },
  };
}
