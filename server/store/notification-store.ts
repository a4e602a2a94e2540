/** Store of notification rules and channels, of the causes that were notified, and of the queue of deliveries. */
import { sql } from 'kysely';
import { notificationCondition } from '../../shared/api/notifications.ts';
import { CordonError } from '../../shared/errors.ts';
import type { ChannelId, DeliveryId, GroupId, NotificationRuleId } from '../../shared/protocol/ids.ts';
import type { Delivery, NewDelivery, NotificationStore as Port, Rule, StoredChannel } from '../notifications/ports.ts';
import { insertOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import type { Schema } from './schema.ts';

export class NotificationStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async rules(): Promise<Rule[]> {
    const rows = await this.#database.db.selectFrom('notification_rules').selectAll().orderBy('name').execute();
    return rows.map((row) => ({
      id: row.id as NotificationRuleId,
      name: row.name,
      condition: notificationCondition.parse(JSON.parse(row.condition)),
      group: row.group_id as GroupId | null,
      channels: JSON.parse(row.channels) as ChannelId[],
      repeatHours: row.repeat_hours,
      enabled: row.enabled === 1,
      createdAt: row.created_at,
      enabledAt: row.enabled_at,
    }));
  }

  async putRule(rule: Rule): Promise<void> {
    const values = {
      name: rule.name,
      condition: JSON.stringify(rule.condition),
      group_id: rule.group,
      channels: JSON.stringify(rule.channels),
      repeat_hours: rule.repeatHours,
      enabled: rule.enabled ? (1 as const) : (0 as const),
      created_at: rule.createdAt,
      enabled_at: rule.enabledAt,
    };
    await this.#database.transaction(async (tx) => {
      await requireNewName(tx, 'notification_rules', rule);
      const before = await tx
        .selectFrom('notification_rules')
        .select(['condition', 'group_id'])
        .where('id', '=', rule.id)
        .executeTakeFirst();
      await tx
        .insertInto('notification_rules')
        .values({ id: rule.id, ...values })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
        .execute();
      // The condition of the rule changed, so all of its causes count as new.
      if (before && (before.condition !== values.condition || before.group_id !== values.group_id))
        await tx.deleteFrom('notification_causes').where('rule_id', '=', rule.id).execute();
    });
  }

  deleteRule(id: NotificationRuleId): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      await tx.deleteFrom('notification_causes').where('rule_id', '=', id).execute();
      const { numDeletedRows } = await tx.deleteFrom('notification_rules').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    });
  }

  async channels(): Promise<StoredChannel[]> {
    const rows = await this.#database.db.selectFrom('notification_channels').selectAll().orderBy('name').execute();
    return rows.map(({ id, name, sealed, created_at }) => ({
      id: id as ChannelId,
      name,
      sealed,
      createdAt: created_at,
    }));
  }

  async putChannel({ id, name, sealed, createdAt }: StoredChannel): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await requireNewName(tx, 'notification_channels', { id, name });
      await tx
        .insertInto('notification_channels')
        .values({ id, name, sealed, created_at: createdAt })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ name, sealed }))
        .execute();
    });
  }

  deleteChannel(id: ChannelId): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const rules = await tx.selectFrom('notification_rules').select(['name', 'channels']).execute();
      const user = rules.find(({ channels }) => (JSON.parse(channels) as string[]).includes(id));
      if (user) {
        throw new CordonError(
          'conflict',
          `The rule “${user.name}” uses this channel. Change or delete the rule first.`,
        );
      }
      await tx.deleteFrom('notification_deliveries').where('channel_id', '=', id).execute();
      const { numDeletedRows } = await tx.deleteFrom('notification_channels').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    });
  }

  async notify(rule: NotificationRuleId, decide: Parameters<Port['notify']>[1], now: number): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const exists = await tx.selectFrom('notification_rules').select('id').where('id', '=', rule).executeTakeFirst();
      // The rule was deleted while its causes were being read.
      if (!exists) return;
      const rows = await tx
        .selectFrom('notification_causes')
        .select(['cause', 'notified_at'])
        .where('rule_id', '=', rule)
        .execute();
      const { due, gone, deliveries } = decide(new Map(rows.map(({ cause, notified_at }) => [cause, notified_at])));
      if (due.length > 0) {
        const insert = insertOf(
          'notification_causes',
          { rule_id: 'text', cause: 'text', notified_at: 'bigint' },
          due.map((cause) => [rule, cause, now]),
        );
        await sql`${insert} on conflict (rule_id, cause) do update set notified_at = excluded.notified_at`.execute(tx);
      }
      for (const cause of gone) {
        await tx.deleteFrom('notification_causes').where('rule_id', '=', rule).where('cause', '=', cause).execute();
      }
      for (const delivery of deliveries) await insertDelivery(tx, delivery);
    });
  }

  async enqueue(delivery: NewDelivery): Promise<void> {
    await this.#database.transaction((tx) => insertDelivery(tx, delivery));
  }

  async due(now: number, limit: number): Promise<Delivery[]> {
    const rows = await this.#database.db
      .selectFrom('notification_deliveries')
      .selectAll()
      .where(sql<boolean>`state = 'waiting'`)
      .where('next_at', '<=', now)
      .orderBy('next_at')
      .orderBy('number')
      .limit(limit)
      .execute();
    return rows.map(toDelivery);
  }

  async nextDue(): Promise<number | null> {
    const row = await this.#database.db
      .selectFrom('notification_deliveries')
      .select((all) => all.fn.min('next_at').as('next'))
      .where(sql<boolean>`state = 'waiting'`)
      .executeTakeFirst();
    return row?.next ?? null;
  }

  async settle(id: DeliveryId, result: Parameters<Port['settle']>[1]): Promise<void> {
    const { state, attempts, nextAttemptAt, deliveredAt, failure } = result;
    await this.#database.db
      .updateTable('notification_deliveries')
      .set({ state, attempts, next_at: nextAttemptAt, delivered_at: deliveredAt, failure })
      .where('id', '=', id)
      .execute();
  }

  async replay(id: DeliveryId, now: number, deadline: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.db
      .updateTable('notification_deliveries')
      .set({ state: 'waiting', attempts: 0, next_at: now, deadline_at: deadline, delivered_at: null, failure: null })
      .where('id', '=', id)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async deliveries(
    { channel, state }: Parameters<Port['deliveries']>[0],
    before: number | null,
    limit: number,
  ): Promise<Delivery[]> {
    const rows = await this.#database.db
      .selectFrom('notification_deliveries')
      .selectAll()
      .$if(channel !== null, (all) => all.where('channel_id', '=', channel))
      .$if(state !== null, (all) => all.where('state', '=', state))
      .$if(before !== null, (all) => all.where('number', '<', before))
      .orderBy('number', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toDelivery);
  }
}

async function requireNewName(
  tx: Tx,
  table: 'notification_rules' | 'notification_channels',
  { id, name }: { readonly id: string; readonly name: string },
): Promise<void> {
  const other = await tx
    .selectFrom(table)
    .select('id')
    .where('name', '=', name)
    .where('id', '!=', id)
    .executeTakeFirst();
  if (other)
    throw new CordonError('conflict', `The name “${name}” is used already. Choose another name.`, { path: 'name' });
}

async function insertDelivery(tx: Tx, delivery: NewDelivery): Promise<void> {
  const { id, channel, rule, test, title, body, createdAt, deadlineAt } = delivery;
  await tx
    .insertInto('notification_deliveries')
    .values({
      id,
      channel_id: channel,
      rule_id: rule,
      test: test ? 1 : 0,
      title,
      body,
      state: 'waiting',
      attempts: 0,
      created_at: createdAt,
      next_at: createdAt,
      deadline_at: deadlineAt,
    })
    .execute();
}

const toDelivery = (row: Omit<Schema['notification_deliveries'], 'number'> & { number: number }): Delivery => ({
  number: row.number,
  id: row.id as DeliveryId,
  channel: row.channel_id as ChannelId,
  rule: row.rule_id as NotificationRuleId | null,
  test: row.test === 1,
  title: row.title,
  body: row.body,
  state: row.state,
  attempts: row.attempts,
  createdAt: row.created_at,
  nextAttemptAt: row.next_at,
  deadlineAt: row.deadline_at,
  deliveredAt: row.delivered_at,
  failure: row.failure,
});
