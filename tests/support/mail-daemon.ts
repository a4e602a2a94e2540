/** Parts of the set-up of mail daemons. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

/** User and group of a system account. */
export function idsOf(user: string): { readonly uid: number; readonly gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${user}:`));
  const [, , uid, gid] = (line ?? '').split(':');
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${user}`);
  return { uid: Number(uid), gid: Number(gid) };
}

/** True if a server on this port begins its greeting with the text. */
export const greets = (port: number, greeting: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', (bytes: Buffer) => {
      socket.destroy();
      resolve(bytes.toString().startsWith(greeting));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
