import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { columnsSchema, LIST_FACTS, type ListColumn } from '../../shared/inventory/list-fields.ts';
import { type AccountId, accountIdSchema, type DeviceViewId, deviceViewIdSchema } from '../../shared/protocol/ids.ts';
import { DEVICE_SORTS, type DeviceView, type DeviceViewStore as Port } from '../devices/ports.ts';
import type { Database } from './database.ts';

const bodySchema = z.strictObject({
  filter: z.record(z.string(), z.unknown()),
  columns: columnsSchema,
  sort: z.enum([...DEVICE_SORTS, ...LIST_FACTS]),
  descending: z.boolean(),
});

/** Saved views of the device list, and the columns that each account has chosen. */
export class DeviceViewStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async views(account: AccountId): Promise<readonly DeviceView[]> {
    const rows = await this.#select()
      .where(({ eb, or }) => or([eb('device_views.account_id', '=', account), eb('shared', '=', 1)]))
      .orderBy('device_views.name')
      .orderBy('device_views.id')
      .execute();
    return rows.map(viewOf);
  }

  async view(id: DeviceViewId): Promise<DeviceView | null> {
    const row = await this.#select().where('device_views.id', '=', id).executeTakeFirst();
    return row ? viewOf(row) : null;
  }

  putView(view: Omit<DeviceView, 'ownerName'>, most: number): Promise<void> {
    const { id, owner, name, shared, changedAt, filter, columns, sort, descending } = view;
    return this.#database.transaction(async (tx) => {
      const others = await tx
        .selectFrom('device_views')
        .select('name')
        .where('account_id', '=', owner)
        .where('id', '<>', id)
        .execute();
      if (others.some((other) => other.name === name)) {
        throw new CordonError('conflict', 'You have another view with this name. Choose another name.', {
          field: 'name',
        });
      }
      if (others.length >= most) {
        throw new CordonError('conflict', `You have ${most} views, which is the limit. Delete a view first.`);
      }
      const row = {
        name,
        shared: shared ? (1 as const) : (0 as const),
        body: JSON.stringify({ filter, columns, sort, descending }),
        changed_at: changedAt,
      };
      await tx
        .insertInto('device_views')
        .values({ id, account_id: owner, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    });
  }

  async deleteView(id: DeviceViewId): Promise<void> {
    await this.#database.transaction((tx) => tx.deleteFrom('device_views').where('id', '=', id).execute());
  }

  async columns(account: AccountId): Promise<readonly ListColumn[] | null> {
    const row = await this.#database.db
      .selectFrom('device_columns')
      .select('columns')
      .where('account_id', '=', account)
      .executeTakeFirst();
    return row ? columnsSchema.parse(JSON.parse(row.columns)) : null;
  }

  async setColumns(account: AccountId, chosen: readonly ListColumn[]): Promise<void> {
    const columns = JSON.stringify(chosen);
    await this.#database.transaction((tx) =>
      tx
        .insertInto('device_columns')
        .values({ account_id: account, columns })
        .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ columns }))
        .execute(),
    );
  }

  #select() {
    return this.#database.db
      .selectFrom('device_views')
      .innerJoin('accounts', 'accounts.id', 'device_views.account_id')
      .selectAll('device_views')
      .select('accounts.name as owner_name');
  }
}

interface Row {
  readonly id: string;
  readonly account_id: string;
  readonly owner_name: string;
  readonly name: string;
  readonly shared: number;
  readonly body: string;
  readonly changed_at: number;
}

function viewOf({ id, account_id, owner_name, name, shared, body, changed_at }: Row): DeviceView {
  return {
    id: deviceViewIdSchema.parse(id),
    owner: accountIdSchema.parse(account_id),
    ownerName: owner_name,
    name,
    shared: shared === 1,
    changedAt: changed_at,
    ...bodySchema.parse(JSON.parse(body)),
  };
}
