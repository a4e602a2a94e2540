/** Which devices are connected here: one live session each. It knows no frame and no store. */
import { CLOSE } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DeviceSession } from './session.ts';

/** Work on many sessions is cut into slices of this many, so that no device waits for all of them. */
const SLICE = 256;

export class Sessions {
  /** From the upgrade on, several a device perhaps: a revocation must reach them all. */
  readonly #sockets = new Map<DeviceId, Set<DeviceSession>>();
  /** After `hello`: the one that counts. */
  readonly #live = new Map<DeviceId, DeviceSession>();
  /** Upgrades under way, which are no session yet. */
  readonly #arriving = new Map<DeviceId, number>();

  get size(): number {
    return this.#live.size;
  }

  /** An upgrade of this device is under way, until the function that it returns is called. */
  arriving(device: DeviceId): () => void {
    this.#arriving.set(device, (this.#arriving.get(device) ?? 0) + 1);
    return () => {
      const left = (this.#arriving.get(device) ?? 1) - 1;
      if (left > 0) this.#arriving.set(device, left);
      else this.#arriving.delete(device);
    };
  }

  /** Whether any socket of this device is here or on its way in, whatever it has said. Each of them ends in `remove`. */
  present(device: DeviceId): boolean {
    return this.#sockets.has(device) || this.#arriving.has(device);
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

  /** The session has an epoch now; every older one of the same device is closed. */
  enter(session: DeviceSession): void {
    this.#live.set(session.device, session);
    this.fence(session.device, session.epoch);
  }

  /** Closes this device's sessions of an older epoch. One without an epoch has not said hello: it will get a newer one. */
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

  /** Runs `act` on every socket that is open now, in slices over turns of the loop. */
  async each(act: (session: DeviceSession) => void): Promise<void> {
    let count = 0;
    for (const session of [...this.all()]) {
      if (session.open) act(session);
      count += 1;
      if (count % SLICE === 0) await new Promise(setImmediate);
    }
  }
}
