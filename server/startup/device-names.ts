/**
 * The names by which devices reach the server. A device dials the name of its activation link for as long as it is enrolled, so a server
 * whose certificate no longer has that name loses the device. The store keeps which names are in use, and a start that drops one is refused.
 */
import { CordonError } from '../../shared/errors.ts';

export interface NameInUse {
  readonly name: string;
  /** Unix milliseconds of real time. */
  readonly lastUsed: number;
}

export interface DeviceNameStore {
  deviceNames(): Promise<NameInUse[]>;
  saveDeviceName(used: NameInUse): Promise<void>;
  /** These names are given up. */
  removeDeviceNames(names: readonly string[]): Promise<void>;
}

/** Throws `names_in_use` when a name that devices use is neither kept nor named in `CORDON_DROP_NAMES`. Returns the names to forget. */
export function requireNames(
  inUse: readonly NameInUse[],
  names: readonly string[],
  drop: readonly string[],
): readonly string[] {
  const kept = new Set(names.map(folded));
  const allowed = new Set(drop.map(folded));
  const gone = inUse.filter(({ name }) => !kept.has(name));
  const lost = gone.filter(({ name }) => !allowed.has(name));
  if (lost.length === 0) return gone.map(({ name }) => name);
  const listed = lost.map(
    ({ name, lastUsed }) => `${name} (last used on ${new Date(lastUsed).toISOString().slice(0, 10)})`,
  );
  const them = lost.map(({ name }) => name).join(',');
  throw new CordonError(
    'names_in_use',
    `CORDON_NAMES no longer has ${listed.join(', ')}, and enrolled devices reach the server by ${lost.length === 1 ? 'this name' : 'these names'}. The server does not start, because these devices could not connect any more. Add ${them} to CORDON_NAMES. If no device needs it any more, start with CORDON_DROP_NAMES=${them}.`,
    { names: lost.map(({ name }) => name) },
  );
}

export interface NameWatch {
  /** An identified device sent this `Host` header. */
  seen(host: string | undefined): void;
}

/** One write for each name and hour is enough to tell which names are in use. */
const SAVE_EVERY = 3_600_000;

/** Notes only names that the server's certificate has: a hostile device must not be able to keep the server from starting. */
export function watchNames(ports: {
  readonly store: Pick<DeviceNameStore, 'saveDeviceName'>;
  readonly names: readonly string[];
  readonly onFailure: (error: unknown) => void;
}): NameWatch {
  const own = new Set(ports.names.map(folded));
  const saved = new Map<string, number>();
  return {
    seen(host) {
      const name = folded((host ?? '').replace(/:\d+$/, ''));
      const now = Date.now();
      if (!own.has(name) || now - (saved.get(name) ?? 0) < SAVE_EVERY) return;
      saved.set(name, now);
      ports.store.saveDeviceName({ name, lastUsed: now }).catch((error: unknown) => {
        saved.delete(name);
        ports.onFailure(error);
      });
    },
  };
}

/** Host names are case-insensitive (RFC 4343). A URL writes an IPv6 address in brackets, and the configuration does not. */
const folded = (name: string): string => name.toLowerCase().replace(/^\[|\]$/g, '');
