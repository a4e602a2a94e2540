/**
 * Loaded before the released server (`--import`). After SIGUSR2, the process kills itself with SIGKILL before one of its next SQLite
 * statements, also within a transaction. A kill from outside hits such a moment once in a hundred times.
 */
import Database from 'better-sqlite3';

/** Approximate number of statements for a few actions on an order. */
const LONGEST_FUSE = 80;

let fuse: number | null = null;
process.on('SIGUSR2', () => {
  fuse = 1 + Math.floor(Math.random() * LONGEST_FUSE);
});

const scratch = new Database(':memory:');
const statement: object = Object.getPrototypeOf(scratch.prepare('select 1'));
for (const verb of ['run', 'get', 'all', 'iterate']) {
  const real: unknown = Reflect.get(statement, verb);
  if (typeof real !== 'function') throw new Error(`a statement has no ${verb}`);
  Reflect.set(statement, verb, function mortal(this: unknown, ...given: unknown[]): unknown {
    if (fuse !== null && --fuse <= 0) process.kill(process.pid, 'SIGKILL');
    return Reflect.apply(real, this, given);
  });
}
scratch.close();
