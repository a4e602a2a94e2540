/**
 * Names each write of a process to its SQLite files or to PostgreSQL, and kills the process with SIGKILL before or after a chosen write. A kill before the
 * write undoes its transaction. A kill after the write leaves the data stored, but not acknowledged.
 */

export interface DeathAt {
  /** Name of the write, such as `insert post`. A commit is named after the transaction's last write: `commit of insert post`. */
  readonly write: string;
  /** Number of the write among those with this name, counted from 1 since the call of `dieAt`. */
  readonly nth: number;
  readonly side: 'in front of' | 'behind';
}

let written: string[] | null = null;
let last = 'commit';
let death: DeathAt | null = null;
let left = 0;

/** Name of a statement; null for a statement that reads, or that begins a transaction. */
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

/** Patches the client of PostgreSQL, whose results arrive later. */
async function watchPostgres(): Promise<void> {
  const { default: pg } = await import('pg');
  const real: unknown = Reflect.get(pg.Client.prototype, 'query');
  if (typeof real !== 'function') throw new Error('pg.Client has no query');
  Reflect.set(pg.Client.prototype, 'query', function mortal(this: object, ...given: unknown[]): unknown {
    const [query] = given;
    const sql = typeof query === 'string' ? query : query instanceof Object && Reflect.get(query, 'text');
    const name = nameOf(String(sql));
    if (name === null) return Reflect.apply(real, this, given);
    const here = name === death?.write && --left === 0;
    if (here && death?.side === 'in front of') process.kill(process.pid, 'SIGKILL');
    last = name;
    written?.push(name);
    const result: unknown = Reflect.apply(real, this, given);
    if (!here || !(result instanceof Promise)) return result;
    return result.then(() => process.kill(process.pid, 'SIGKILL'));
  });
}

/** Patches the database libraries of the server and of the agent. */
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
  await watchPostgres();
}

/** Calls for processes that a driver starts (`tests/replay/rpc.ts`). */
export const mortalWrites = {
  /** Names of the writes since the last call, in order. The first call starts the recording. */
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
