/**
 * Loaded before the server (`node --import`). Records the decrypted traffic of the server's TLS listeners, in one file for each connection
 * and direction. It does not change the traffic.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, TLSSocket } from 'node:tls';

const folder = process.env['CORDON_TEST_RECORD'];
if (!folder) throw new Error('CORDON_TEST_RECORD names no folder');

let count = 0;

function record(socket: TLSSocket): void {
  const name = join(folder ?? '', String(count++).padStart(6, '0'));
  const keep = (direction: 'in' | 'out', chunk: unknown, encoding: unknown) => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return;
    const named = typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8';
    appendFileSync(`${name}.${direction}`, typeof chunk === 'string' ? Buffer.from(chunk, named) : chunk);
  };
  socket.on('data', (chunk) => keep('in', chunk, null));
  const kept = <F extends TLSSocket['write'] | TLSSocket['end']>(verb: F): F =>
    new Proxy(verb, {
      apply(target, self, given) {
        keep('out', given[0], given[1]);
        return Reflect.apply(target, self, given);
      },
    });
  socket.write = kept(socket.write);
  socket.end = kept(socket.end);
}

Server.prototype.emit = new Proxy(Server.prototype.emit, {
  apply(target, self, given) {
    const heard = Reflect.apply(target, self, given);
    // The recorder starts after the server's own listener, because an earlier data listener would take the connection from the HTTP parser.
    if (given[0] === 'secureConnection' && given[1] instanceof TLSSocket) record(given[1]);
    return heard;
  },
});
