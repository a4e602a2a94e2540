/** The two frames of the plain test datagram. */
import { isCordonError } from '../../shared/errors.ts';
import type { DenialNotice, DeviceFrame } from '../../shared/protocol/frames.ts';
import type { DatagramPort, Log } from './ports.ts';
import type { DeviceSession } from './session.ts';

export interface Datagrams {
  sent(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'datagram' }>): void;
  answered(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'datagram-answer' }>): void;
}

/** `port` is null while the server starts. */
export function createDatagrams(port: () => DatagramPort | null, log: Log): Datagrams {
  const notCarried = (detail: string): DenialNotice => ({
    code: 'device_offline',
    detail,
    order: null,
    reasons: [],
    appeal: null,
    by: 'server',
  });
  return {
    /** Does not hold up the sender's other frames while the recipient answers. */
    sent(session, frame) {
      const refused = (denial: DenialNotice) =>
        session.send({ kind: 'datagram-result', id: frame.id, outcome: 'refused', denial });
      const sending = port()?.send(session.device, frame);
      if (!sending) return refused(notCarried('The server is starting; try again.'));
      sending.then(
        (result) => session.send(result),
        (error: unknown) => {
          log.warn({ device: session.device, error: String(error) }, 'a datagram was not carried');
          refused(notCarried(isCordonError(error) ? error.message : 'The server could not carry it; try again.'));
        },
      );
    },
    answered: (session, { id, denial }) => port()?.answered(session.device, id, denial),
  };
}
