/**
 * Settings of the listeners that devices use. An enrolled device keeps the addresses of its activation link, and cannot connect any more
 * after a change of these settings. The server records the settings, and refuses a start that would cut devices off.
 */
import { CordonError } from '../../shared/errors.ts';
import type { Config } from '../config.ts';

/** Settings of the last start. A port of 0 is a port that the operating system chooses. */
export type DeviceListeners = Pick<Config, 'bind' | 'devicePort' | 'publicPort' | 'proxyFrom' | 'proxyRequired'>;

export interface DeviceListenerStore {
  /** Settings of the last start; null if no earlier start has recorded them. */
  deviceListeners(): Promise<DeviceListeners | null>;
  saveDeviceListeners(listeners: DeviceListeners): Promise<void>;
  hasActiveDevices(): Promise<boolean>;
}

interface Lost {
  /** Text by which `CORDON_DROP_LISTENERS` accepts the change, such as `device:8443`. */
  readonly token: string;
  /** Change that cuts devices off, as a clause. */
  readonly change: string;
  readonly undo: string;
}

/**
 * Compares the settings of the listeners with those of the last start. Throws `listeners_in_use` for a change that cuts enrolled devices
 * off, unless `drop` accepts the change. `before`: null without an earlier start or without enrolled devices.
 */
export function requireListeners(before: DeviceListeners | null, now: DeviceListeners, drop: readonly string[]): void {
  if (before === null) return;
  const lost = lostBy(before, now).filter(({ token }) => !drop.includes(token));
  if (lost.length === 0) return;
  const changes = lost.map(({ change }) => change).join(', and ');
  const tokens = lost.map(({ token }) => token).join(',');
  throw new CordonError(
    'listeners_in_use',
    `${changes}. Enrolled devices keep the addresses of their activation links. The server does not start, because these devices could not connect any more. Set ${lost.map(({ undo }) => undo).join(' and ')} again. If your firewall or proxy passes the connections of devices on to the new settings, or if you enroll each device again, start once with CORDON_DROP_LISTENERS=${tokens}.`,
    { lost: lost.map(({ token }) => token) },
  );
}

function lostBy(before: DeviceListeners, now: DeviceListeners): Lost[] {
  const port = (use: 'device' | 'public', was: number, is: number): Lost[] => {
    if (was === is || was === 0 || is === 0) return [];
    const variable = use === 'device' ? 'CORDON_DEVICE_PORT' : 'CORDON_PUBLIC_PORT';
    return [{ token: `${use}:${was}`, change: `${variable} was ${was} and is now ${is}`, undo: `${variable}=${was}` }];
  };
  return [
    ...port('device', before.devicePort, now.devicePort),
    ...port('public', before.publicPort, now.publicPort),
    ...(listensAsWide(before.bind, now.bind)
      ? []
      : [
          {
            token: `bind:${before.bind}`,
            change: `CORDON_BIND was ${before.bind} and is now ${now.bind}`,
            undo: `CORDON_BIND=${before.bind}`,
          },
        ]),
    ...now.proxyRequired
      .filter((listener) => !before.proxyRequired.includes(listener))
      .map((listener) => ({
        token: `direct:${listener}`,
        change: `CORDON_PROXY_REQUIRED now has ${listener}, so this port refuses connections without a proxy`,
        undo: `CORDON_PROXY_REQUIRED without ${listener}`,
      })),
    ...before.proxyFrom
      .filter((range) => !now.proxyFrom.includes(range))
      .map((range) => ({
        token: `proxy:${range}`,
        change: `CORDON_PROXY_FROM no longer has ${range}, so the server does not understand this proxy`,
        undo: `CORDON_PROXY_FROM with ${range}`,
      })),
  ];
}

/** True if the new address accepts every connection that the old one accepted. `::` accepts IPv4 connections too. */
const listensAsWide = (was: string, is: string): boolean =>
  was === is || is === '::' || is === '' || (is === '0.0.0.0' && was !== '::' && was !== '' && !was.includes(':'));
