import { CLOSE } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DeviceSession } from './session.ts';

const SLICE = 256;

export class Sessions {
  /** All open sockets by device, from the upgrade on. A device may have several sockets, and a revocation must close all of them. */
  readonly #sockets = new Map<DeviceId, Set<DeviceSession>>();
  /** Newest session of each device, from the session's hello frame on. */
  readonly #live = new Map<DeviceId, DeviceSession>();

  get size(): number {
    return this.#live.size;
  }

  add(session: DeviceSession): void {
    const same = this.#sockets.get(session.device);
    if (same) same.add(session);
    else this.#sockets.set(session.device, new Set([session]));
  }

  remove(session: DeviceSession): void {
    const same = this.#sockets.get(session.device);
    same?.delete(session);
    if (same?.size === 0) this.#sockets.delete(session.device);
    if (this.#live.get(session.device) === session) this.#live.delete(session.device);
  }

  enter(session: DeviceSession): void {
    this.#live.set(session.device, session);
    this.fence(session.device, session.epoch);
  }

  /**
   * Closes the device's sessions with a lower number than `epoch`. The server numbers the sessions of a device at their hello frames. A
   * session without a number remains open, because it will get a higher number.
   */
  fence(device: DeviceId, epoch: number): void {
    for (const other of this.of(device)) {
      if (other.epoch > 0 && other.epoch < epoch) other.end(CLOSE.takenOver, 'taken_over');
    }
  }

  live(device: DeviceId): DeviceSession | undefined {
    const session = this.#live.get(device);
    return session?.open ? session : undefined;
  }

  of(device: DeviceId): readonly DeviceSession[] {
    return [...(this.#sockets.get(device) ?? [])];
  }

  *all(): Iterable<DeviceSession> {
    for (const same of this.#sockets.values()) yield* same;
  }

  /**
   * Calls `act` for every open socket, in slices over several turns of the event loop. Between two slices, the server handles frames of
   * devices.
   */
  async each(visit: (session: DeviceSession) => void): Promise<void> {
    let count = 0;
    for (const session of [...this.all()]) {
      if (session.open) visit(session);
      count += 1;
      if (count % SLICE === 0) await new Promise(setImmediate);
    }
  }
}
