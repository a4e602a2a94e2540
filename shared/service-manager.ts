/**
 * Messages to the service manager (sd_notify(3)). Node cannot send datagrams to a Unix socket, so the program `systemd-notify` sends them,
 * and a unit needs `NotifyAccess=all`.
 */
import { spawn } from 'node:child_process';

export type ServiceState = 'READY=1' | 'STOPPING=1';

/**
 * Sends a state to the service manager. `socket`: value of NOTIFY_SOCKET; null without a service manager. If the message cannot be sent,
 * the function calls `failed`, and the promise still resolves.
 */
export function notifyServiceManager(
  socket: string | null,
  state: ServiceState,
  failed: (why: string) => void,
): Promise<void> {
  if (socket === null) return Promise.resolve();
  return new Promise((resolve) => {
    const sender = spawn('systemd-notify', [state], {
      stdio: 'ignore',
      env: { NOTIFY_SOCKET: socket, PATH: '/usr/local/bin:/usr/bin:/bin' },
      timeout: 10_000,
    });
    sender.once('error', (error) => {
      failed(`systemd-notify cannot be started (${error.message})`);
      resolve();
    });
    sender.once('exit', (code) => {
      if (code !== 0) failed(`systemd-notify ended with ${code ?? 'a signal'}`);
      resolve();
    });
  });
}
