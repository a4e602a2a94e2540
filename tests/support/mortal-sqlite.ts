/**
 * Loaded into the released server before anything else (`--import`): after SIGUSR2 the process dies with -9 in front of one of its next
 * statements, so also between two of a transaction, which a kill from outside hits once in a hundred times. Nothing else is changed.
 */
import Database from 'better-sqlite3';

/** About what a few acts on an order take. */
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
