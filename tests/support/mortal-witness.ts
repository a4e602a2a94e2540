/**
 * Loaded before a witness (`--import`). After SIGUSR2, the process kills itself with SIGKILL directly after the commit of its next cosigned
 * tree, so before the cosignature leaves the process.
 */
import { DatabaseSync } from 'node:sqlite';

let armed = false;
process.on('SIGUSR2', () => {
  armed = true;
});

const scratch = new DatabaseSync(':memory:');
const statement: object = Object.getPrototypeOf(scratch.prepare('select 1'));
const run: unknown = Reflect.get(statement, 'run');
if (typeof run !== 'function') throw new Error('a statement has no run');
Reflect.set(statement, 'run', function mortal(this: { readonly sourceSQL: string }, ...given: unknown[]): unknown {
  const result: unknown = Reflect.apply(run, this, given);
  if (armed && /\blogs\b/.test(this.sourceSQL)) process.kill(process.pid, 'SIGKILL');
  return result;
});
scratch.close();
