/** Restart and shutdown of the machine by logind (`org.freedesktop.login1` on the D-Bus system bus). Polkit decides about the permission. */
import { createClient, DBusError } from 'dbus-native';
import type { PowerKind } from '../../shared/power/power-action.ts';

const WITHIN = 15_000;
const LOGIND = 'org.freedesktop.login1';
const METHODS = {
  'restart-device': { can: 'CanReboot', go: 'Reboot', detail: 'The machine restarts now.' },
  'shut-down-device': { can: 'CanPowerOff', go: 'PowerOff', detail: 'The machine shuts down now.' },
} as const satisfies Record<PowerKind, unknown>;

const REFUSALS = new Set([
  'org.freedesktop.DBus.Error.AccessDenied',
  'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
  'org.freedesktop.DBus.Error.AuthFailed',
  'org.freedesktop.PolicyKit1.Error.NotAuthorized',
  'org.freedesktop.login1.BlockedByInhibitorLock',
  'org.freedesktop.login1.OperationInProgress',
]);
const NOT_PERMITTED =
  'not_permitted: The system does not allow the agent to restart or shut down this machine. The machine still runs. Its owner can add a polkit rule: see "Restart and shutdown" in OPERATIONS.md.';
const NOT_SUPPORTED =
  'not_supported: This machine has no logind that can restart or shut it down. The machine still runs.';

export type AskLogind = (kind: PowerKind) => Promise<{ readonly outcome: 'done' | 'failed'; readonly detail: string }>;

/**
 * Asks the logind on this bus once. The result `done` means that logind has accepted the request, and the machine goes down some seconds
 * later.
 */
export const askLogind =
  (busAddress: string): AskLogind =>
  async (kind) => {
    const { can, go, detail } = METHODS[kind];
    const over = AbortSignal.timeout(WITHIN);
    const bus = createClient({ busAddress, authMethods: ['EXTERNAL'], maxMessageSize: 64 * 1024 });
    // A connection error closes the connection, which rejects all calls in progress.
    bus.connection.on('error', (error: Error) => bus.connection.stream.destroy(error));
    const call = <T>(member: string, more: { signature?: string; body?: unknown[] } = {}) =>
      bus.invoke<T>(
        { destination: LOGIND, path: '/org/freedesktop/login1', interface: `${LOGIND}.Manager`, member, ...more },
        { signal: over },
      );
    try {
      const able = await call<string>(can).catch((error: unknown) => {
        if (error instanceof DBusError && REFUSALS.has(error.dbusName ?? '')) return 'no';
        return 'na';
      });
      if (able === 'na') return { outcome: 'failed', detail: NOT_SUPPORTED };
      if (able !== 'yes') return { outcome: 'failed', detail: NOT_PERMITTED };
      // The argument `false` forbids logind to ask a user for a password.
      await call(go, { signature: 'b', body: [false] });
      return { outcome: 'done', detail };
    } catch (error) {
      return { outcome: 'failed', detail: refusalOf(error) };
    } finally {
      bus.connection.stream.destroy();
    }
  };

function refusalOf(error: unknown): string {
  if (!(error instanceof DBusError)) {
    return 'The result is unknown: logind did not answer the request. The agent does not ask again.';
  }
  const { dbusName = 'an error without a name', message } = error;
  return REFUSALS.has(dbusName) ? `${NOT_PERMITTED} ${message}` : `logind refused the request: ${dbusName}. ${message}`;
}
