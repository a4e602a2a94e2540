/**
 * Names what a process writes into its SQLite files, and has it die with -9 at one of those writes: in front of it, so that it is not done and all of
 * its transaction is undone, or behind it, so that it is done and nobody has been told. Nothing else is changed.
 */

export interface DeathAt {
  /** As it is named here, such as `insert post`, or `commit of insert post` by the last that the transaction wrote. */
  readonly write: string;
  /** Which one, counted from 1 since the process was told. */
  readonly nth: number;
  readonly side: 'in front of' | 'behind';
}

let written: string[] | null = null;
let last = 'commit';
let death: DeathAt | null = null;
let left = 0;

/** Null for what writes nothing, and for what only begins to. */
function nameOf(sql: string): string | null {
  const found = /^\s*(?:(commit)|(insert|replace|update|delete)\b(?:\s+or\s+\w+)?(?:\s+into|\s+from)?\s+"?(\w+))/i.exec(
    sql,
  );
  if (!found) return null;
  const [, commit, verb, table] = found;
  if (!commit) return `${verb?.toLowerCase()} ${table}`;
  return last.startsWith('commit') ? null : `commit of ${last}`;
}

function dying<R>(sql: string, real: () => R): R {
  const name = nameOf(sql);
  if (name === null) return real();
  const here = name === death?.write && --left === 0;
  if (here && death?.side === 'in front of') process.kill(process.pid, 'SIGKILL');
  const result = real();
  if (here) process.kill(process.pid, 'SIGKILL');
  last = name;
  written?.push(name);
  return result;
}

function patch(owner: object, verb: string, sqlOf: (self: object, given: readonly unknown[]) => unknown): void {
  const real: unknown = Reflect.get(owner, verb);
  if (typeof real !== 'function') throw new Error(`there is no ${verb} to patch`);
  Reflect.set(owner, verb, function mortal(this: object, ...given: unknown[]): unknown {
    return dying(String(sqlOf(this, given)), () => Reflect.apply(real, this, given));
  });
}

/** Of the server's library and of the agent's, whichever it is that this process uses. */
async function watch(): Promise<void> {
  if (written) return;
  written = [];
  const [{ default: BetterSqlite3 }, { DatabaseSync, StatementSync }] = await Promise.all([
    import('better-sqlite3'),
    import('node:sqlite'),
  ]);
  const scratch = new BetterSqlite3(':memory:');
  const statement: object = Object.getPrototypeOf(scratch.prepare('select 1'));
  for (const verb of ['run', 'get', 'all']) {
    patch(statement, verb, (self) => Reflect.get(self, 'source'));
    patch(StatementSync.prototype, verb, (self) => Reflect.get(self, 'sourceSQL'));
  }
  patch(DatabaseSync.prototype, 'exec', (_self, [sql]) => sql);
  scratch.close();
}

/** For processes that a driver holds (`tests/replay/rpc.ts`). */
export const mortalWrites = {
  /** What was written since this was asked last, in order; from the first time on. */
  async writes(_: null): Promise<readonly string[]> {
    await watch();
    return written?.splice(0) ?? [];
  },
  async dieAt(point: DeathAt): Promise<null> {
    await watch();
    death = point;
    left = point.nth;
    return null;
  },
};
