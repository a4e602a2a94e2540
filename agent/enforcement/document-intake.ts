import { isCordonError } from '../../shared/errors.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { addressObservation } from '../evidence/sensors.ts';
import type { DeviceClock } from './device-clock.ts';
import type { Enforcement } from './enforcement.ts';

export interface ObservedAddress {
  readonly time: number;
  /** True if the server considers its own clock unreliable. */
  readonly doubtful?: boolean | undefined;
  readonly areas: readonly string[];
}

/**
 * Processing of the signed documents that the server sends, such as order lists. Documents arrive over the open connection, in responses to
 * polls, and in HTTP 451 responses. An invalid document is logged and does not close the connection, because the next document arrives over
 * the same connection.
 */
export interface DocumentIntake {
  approverSets(envelopes: readonly Envelope[]): void;
  list(envelope: Envelope, withheld?: readonly Envelope[]): void;
  withheld(envelopes: readonly Envelope[]): void;
  record(envelope: Envelope): void;
  timeCorrection(envelope: Envelope): void;
  /**
   * Records the device's network address. `connected`: true if the server saw the address on the open connection. The address then stays
   * current evidence until the connection closes.
   */
  address(seen: ObservedAddress, connected: boolean): void;
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
      if (!seen || !connected) enforcement.evidence.connectionEnded(at);
      enforcement.settle();
    },
  };
}
