/**
 * Loaded before the released server (`--import`). After SIGUSR2, the process kills itself with SIGKILL before one of its next statements to
 * PostgreSQL, also within a transaction. A kill from outside hits such a moment once in a hundred times.
 */
import pg from 'pg';

/** Approximate number of statements for a few actions on an order. */
const LONGEST_FUSE = 80;

let fuse: number | null = null;
process.on('SIGUSR2', () => {
  fuse = 1 + Math.floor(Math.random() * LONGEST_FUSE);
});

const client: object = pg.Client.prototype;
const real: unknown = Reflect.get(client, 'query');
if (typeof real !== 'function') throw new Error('pg.Client has no query');
Reflect.set(client, 'query', function mortal(this: unknown, ...given: unknown[]): unknown {
  if (fuse !== null && --fuse <= 0) process.kill(process.pid, 'SIGKILL');
  return Reflect.apply(real, this, given);
});
