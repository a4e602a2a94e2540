/**
 * What the server tells a device, by whichever way it came: frames, a refusal's body, or the poll of a refused device. A document that
 * is refused has raised its alarm already, and must not end the way by which the next, better one comes.
 */
import { isCordonError } from '../../shared/errors.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { addressObservation } from '../evidence/sensors.ts';
import type { DeviceClock } from './device-clock.ts';
import type { Enforcement } from './enforcement.ts';

/** Where the server sees the device come from, and its time then. */
export interface SeenAddress {
  readonly time: number;
  /** The server doubts its own clock. */
  readonly doubtful?: boolean | undefined;
  readonly areas: readonly string[];
}

export interface DocumentIntake {
  roots(envelopes: readonly Envelope[]): void;
  /** `withheld`: the revisions behind its stubs, as far as they came. */
  list(envelope: Envelope, withheld?: readonly Envelope[]): void;
  /** What the stored list lacked. */
  withheld(envelopes: readonly Envelope[]): void;
  record(envelope: Envelope): void;
  timeCorrection(envelope: Envelope): void;
  /** `connected`: it was seen on the link and counts for as long as that stands. */
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
    roots: (envelopes) => tolerant(() => enforcement.acceptRoots(envelopes)),
    list: (envelope, withheld) => tolerant(() => enforcement.acceptList(envelope, withheld)),
    withheld: (envelopes) => tolerant(() => enforcement.acceptWithheld(envelopes)),
    timeCorrection: (envelope) => tolerant(() => enforcement.acceptTimeCorrection(envelope)),
    record: (envelope) => tolerant(() => enforcement.acceptRecord(envelope)),
    address({ time, doubtful = false, areas }, connected) {
      const at = !doubtful && clock.authenticate(time) ? time : clock.now();
      enforcement.clockClaimed();
      const seen = addressObservation(areas, at);
      if (seen) enforcement.observe([seen]);
      if (!seen || !connected) enforcement.addressLeft(at);
      enforcement.settle();
    },
  };
}
