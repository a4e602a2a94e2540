/**
 * The socket of a service manager, to which programs send their state (sd_notify). Node has no datagram sockets on paths, so a Python
 * process opens it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(receiver.recv(4096).decode().replace('\\n', ' '), flush=True)
`;

export interface NotifySocket {
  readonly path: string;
  /** All received messages, one line each. */
  messages(): readonly string[];
  close(): Promise<void>;
}

export async function openNotifySocket(): Promise<NotifySocket> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-notify-'));
  const path = join(folder, 'socket');
  const receiver = spawn('/usr/bin/python3', ['-c', RECEIVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let received = '';
  receiver.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk;
  });
  await once(receiver.stdout, 'data');
  return {
    path,
    messages: () => received.split('\n').filter((line) => line !== '' && line !== 'bound'),
    async close() {
      const ended = once(receiver, 'exit');
      receiver.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
