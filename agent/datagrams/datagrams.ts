/**
 * Plain test datagrams between two devices, through this device's gate: refused here by name of the order before anything is
 * sent, and refused to a sender when it is the recipient that may not be reached.
 */
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface DatagramOutcome {
  readonly id: string;
  readonly outcome: 'delivered' | 'refused';
  /** By whom and by which order; null when delivered. */
  readonly denial: DenialNotice | null;
}

export interface ReceivedDatagram {
  readonly id: string;
  readonly from: DeviceId;
  readonly service: 'messaging' | 'mail';
  readonly body: string;
}
