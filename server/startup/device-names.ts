/**
 * Host names by which devices reach the server. An enrolled device always uses the name in its activation link, and can no longer connect
 * if the server's certificate lacks this name. The server records the names in use, and refuses a start that removes such a name.
 */
import { CordonError } from '../../shared/errors.ts';

export interface NameInUse {
  readonly name: string;
  /**
   * Time of the last connection in which a device used the host name `name`, in Unix milliseconds by the machine's clock. The server
   * updates this time at most once an hour.
   */
  readonly lastUsed: number;
}

export interface DeviceNameStore {
  deviceNames(): Promise<NameInUse[]>;
  saveDeviceName(used: NameInUse): Promise<void>;
  removeDeviceNames(names: readonly string[]): Promise<void>;
}

/**
 * Checks the host names that devices use to reach the server. Throws `names_in_use` if a name is neither configured nor listed in
 * `CORDON_DROP_NAMES`. Returns the names that are no longer configured but listed. The caller must delete them from the store.
 */
export function requireNames(
  inUse: readonly NameInUse[],
  names: readonly string[],
  drop: readonly string[],
): readonly string[] {
  const configured = new Set(names.map(normalizeHost));
  const allowed = new Set(drop.map(normalizeHost));
  const missing = inUse.filter(({ name }) => !configured.has(name));
  const forbidden = missing.filter(({ name }) => !allowed.has(name));
  if (forbidden.length === 0) return missing.map(({ name }) => name);
  const listed = forbidden.map(
    ({ name, lastUsed }) => `${name} (last used on ${new Date(lastUsed).toISOString().slice(0, 10)})`,
  );
  const list = forbidden.map(({ name }) => name).join(',');
  throw new CordonError(
    'names_in_use',
    `CORDON_NAMES no longer has ${listed.join(', ')}, and enrolled devices reach the server by ${forbidden.length === 1 ? 'this name' : 'these names'}. The server does not start, because these devices could not connect any more. Add ${list} to CORDON_NAMES. If no device needs it any more, start with CORDON_DROP_NAMES=${list}.`,
    { names: forbidden.map(({ name }) => name) },
  );
}

export interface NameWatch {
  record(host: string | undefined): void;
}

const SAVE_EVERY = 3_600_000;

/**
 * Records the host names by which devices reach the server, but only names in the server's certificate. A hostile device could send another
 * name, and the next start would fail because this name is not configured.
 */
export function watchNames(ports: {
  readonly store: Pick<DeviceNameStore, 'saveDeviceName'>;
  readonly names: readonly string[];
  readonly onFailure: (error: unknown) => void;
}): NameWatch {
  const own = new Set(ports.names.map(normalizeHost));
  const saved = new Map<string, number>();
  return {
    record(host) {
      const name = normalizeHost((host ?? '').replace(/:\d+$/, ''));
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

/**
 * Host names are case-insensitive (RFC 4343). A URL contains an IPv6 address in brackets; the configuration contains it without brackets.
 */
const normalizeHost = (name: string): string => name.toLowerCase().replace(/^\[|\]$/g, '');
