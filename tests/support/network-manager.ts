/** A real NetworkManager with a system bus of its own, on a machine of a test. It manages only devices that the test names. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { privateBus } from './private-bus.ts';
import type { SettingsMachine } from './settings-machine.ts';
import { needed, tool } from './tools.ts';
import { until } from './until.ts';

/** For `describe.skipIf(!networkManagers.present)`. */
export const networkManagers = {
  present: [
    tool('nmcli', 'apt install network-manager'),
    needed('NetworkManager', 'apt install network-manager', existsSync('/usr/sbin/NetworkManager')),
    tool('dbus-daemon', 'apt install dbus-daemon'),
    tool('setpriv', 'apt install util-linux'),
  ].every(({ present }) => present),
};

/** `no-auto-default` and `managed=0`: it changes nothing about the devices. The other lines keep it away from files of this machine. */
const CONFIGURATION = `[main]
plugins=keyfile
dns=none
hostname-mode=none
auth-polkit=false
no-auto-default=*

[device]
match-device=*
managed=0
`;

export interface NetworkManager {
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** `folder`: temporary folder of the test for the configuration. */
export async function openNetworkManager(machine: SettingsMachine, folder: string): Promise<NetworkManager> {
  // /run and /var belong to the host. With a read-only /sys, NetworkManager does not wait for udev.
  machine.shell('mount -t tmpfs none /run && mkdir /run/dbus && mount -t tmpfs none /var/lib/NetworkManager');
  machine.shell('mount -t sysfs -o ro sysfs /sys');
  machine.shell(`mkdir -p /etc/NetworkManager/system-connections && printf '%s' '${CONFIGURATION}' > /run/nm.conf`);
  const start = (...command: string[]): ChildProcess => {
    // The process ends with the test, also if the test is killed.
    const [program = '', ...args] = [...machine.inside, 'setpriv', '--pdeathsig', 'KILL', ...command];
    return spawn(program, args, { stdio: 'ignore' });
  };
  const end = async (running: ChildProcess | null) => {
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  };
  const answers = (...command: string[]) => {
    const [program = '', ...args] = [...machine.inside, ...command];
    execFileSync(program, args, { stdio: 'pipe' });
  };
  const { config } = privateBus(folder, '/run/dbus/system_bus_socket');
  const bus = start('dbus-daemon', '--nofork', `--config-file=${config}`);
  await until(() => answers('test', '-S', '/run/dbus/system_bus_socket'), 20_000);
  let manager: ChildProcess | null = null;
  const manage = async () => {
    const paths = ['--config=/run/nm.conf', '--config-dir=/run/none', '--state-file=/run/nm.state'];
    manager = start('NetworkManager', '--no-daemon', ...paths);
    await until(() => answers('nmcli', 'general', 'status'), 20_000);
  };
  await manage();
  return {
    start: manage,
    stop: () => end(manager),
    async remove() {
      await end(manager);
      await end(bus);
    },
  };
}
