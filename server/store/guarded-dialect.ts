/**
 * Wraps a Kysely dialect (database driver). Calls `beforeAcquire` before each acquisition of a connection, so that `beforeAcquire` can
 * prevent the acquisition with an error. Translates errors of the database into Cordon's errors (`store-errors.ts`).
 */
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult, TransactionSettings } from 'kysely';
import { asStoreError } from './store-errors.ts';

export function guarded(dialect: Dialect, beforeAcquire: () => void): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => guardedDriver(dialect.createDriver(), beforeAcquire),
  };
}

class GuardedConnection implements DatabaseConnection {
  readonly inner: DatabaseConnection;

  constructor(inner: DatabaseConnection) {
    this.inner = inner;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.inner.executeQuery<R>(query);
    } catch (error) {
      throw asStoreError(error);
    }
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    try {
      yield* this.inner.streamQuery<R>(query, chunkSize);
    } catch (error) {
      throw asStoreError(error);
    }
  }
}

function guardedDriver(driver: Driver, beforeAcquire: () => void): Driver {
  const mapped = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw asStoreError(error);
    }
  };
  const inner = (connection: DatabaseConnection) =>
    connection instanceof GuardedConnection ? connection.inner : connection;
  return {
    init: () => mapped(driver.init()),
    acquireConnection: async () => {
      beforeAcquire();
      return new GuardedConnection(await mapped(driver.acquireConnection()));
    },
    beginTransaction: (connection, settings: TransactionSettings) =>
      mapped(driver.beginTransaction(inner(connection), settings)),
    commitTransaction: (connection) => mapped(driver.commitTransaction(inner(connection))),
    rollbackTransaction: async (connection) => {
      try {
        await driver.rollbackTransaction(inner(connection));
      } catch (error) {
        // When the disk is full, SQLite rolls back by itself and a second rollback fails. The caller must get the first error.
        if (error instanceof Error && /no transaction is active/.test(error.message)) return;
        throw asStoreError(error);
      }
    },
    releaseConnection: (connection) => driver.releaseConnection(inner(connection)),
    destroy: () => driver.destroy(),
  };
}
