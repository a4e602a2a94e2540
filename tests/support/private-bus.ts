/** A D-Bus daemon in place of the system bus, for one test. Every process may own every name on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PrivateBus {
  /** Value for `DBUS_SYSTEM_BUS_ADDRESS`. The daemon listens there after the start. */
  readonly address: string;
  /** Path of the daemon's socket, which exists once the daemon listens. */
  readonly socket: string;
  /** Path of the daemon's configuration file. */
  readonly config: string;
  start(): ChildProcess;
}

export function privateBus(folder: string, socket = join(folder, 'bus')): PrivateBus {
  const address = `unix:path=${socket}`;
  const config = join(folder, 'bus.conf');
  writeFileSync(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
    <busconfig><type>system</type><listen>${address}</listen><auth>EXTERNAL</auth><policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_destination="*"/><allow receive_sender="*"/>
    </policy></busconfig>`,
  );
  return {
    address,
    socket,
    config,
    start: () => spawn('dbus-daemon', ['--nofork', `--config-file=${config}`], { stdio: 'ignore' }),
  };
}
