import { isCordonError } from '../../shared/errors.ts';
import { CLOSE } from '../../shared/protocol/frames.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import type { Departures } from './departures.ts';
import type { createDispatch } from './dispatch.ts';
import type { Interests } from './interests.ts';
import type { Log } from './ports.ts';
import type { DeviceSession, SessionHandlers } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Suspension } from './suspension.ts';

interface Ports extends ReturnType<typeof createDispatch> {
  readonly sessions: Sessions;
  readonly interests: Interests;
  readonly departures: Departures;
  readonly closeIfDone: Suspension['closeIfDone'];
  readonly monitor: Pick<Monitor, 'disconnected'>;
  readonly log: Log;
}

export function createSessionHandlers(ports: Ports): SessionHandlers {
  const { sessions, interests, departures, dispatch, acknowledge, closeIfDone, monitor, log } = ports;
  return {
    frame: dispatch,
    async idle(session: DeviceSession): Promise<void> {
      await acknowledge(session);
      closeIfDone(session);
    },
    closed(session: DeviceSession): void {
      sessions.remove(session);
      interests.remove(session);
      const { epoch } = session;
      if (epoch > 0) monitor.disconnected({ milliseconds: Date.now() - session.openedAt });
      departures.record(session);
    },
    failed(session: DeviceSession, error: unknown): void {
      const { device } = session;
      if (!isCordonError(error)) {
        log.error({ device, error: error instanceof Error ? error.stack : String(error) }, 'a frame failed');
        session.end(1011, 'internal');
      } else if (error.code === 'certificate_revoked' || error.code === 'certificate_superseded') {
        session.end(CLOSE.revoked, error.code);
      } else if (error.code === 'frame_malformed') {
        log.warn({ device, detail: error.message }, 'a device broke the protocol');
        session.end(CLOSE.malformed, error.code);
      } else {
        log.warn({ device, code: error.code, detail: error.message }, 'a session ended');
        session.end(1011, error.code);
      }
    },
  };
}
