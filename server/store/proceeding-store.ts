/** Store of the answers to authorities, of appeals, and of sent reminders about open answers. */
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type AccountId, accountIdSchema } from '../../shared/protocol/ids.ts';
import type { NewReminder, ReminderStore, SentReminder } from '../orders/evidence/answer-reminders.ts';
import type { ProceedingStore as Port, ProceedingRow } from '../orders/evidence/proceedings.ts';
import { storeAlerts } from './alert-rows.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';

const mailedSchema = z.array(accountIdSchema);

export class ProceedingStore implements Port, ReminderStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async proceedings(order: string): Promise<ProceedingRow[]> {
    const rows = await this.#database.db
      .selectFrom('order_proceedings')
      .select(['number', 'record', 'digest'])
      .where('order_number', '=', order)
      .orderBy('number')
      .execute();
    return rows.map(({ number, record, digest }) => ({ order, number: Number(number), record, digest }));
  }

  appendProceeding(
    { order, number, record, digest }: ProceedingRow,
    document: string | null,
    alert: string,
    logged: EntryDraft<'order.proceeding'>,
  ): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('order_proceedings')
        .values({ order_number: order, number, record, digest })
        .onConflict((conflict) => conflict.columns(['order_number', 'number']).doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) {
        throw new CordonError('conflict', `Order ${order} has a newer record. Look at it again.`);
      }
      if (document !== null) {
        const { numUpdatedRows } = await tx
          .updateTable('order_documents')
          .set({ named: 1 })
          .where('sha256', '=', document)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n)
          throw new CordonError('conflict', 'The document is no longer kept. Upload it again.');
      }
      await tx.deleteFrom('alerts').where('device_id', 'is', null).where('code', '=', alert).execute();
      await appendEntry(tx, logged);
    });
  }

  async reminder(order: string): Promise<SentReminder | null> {
    const row = await this.#database.db
      .selectFrom('answer_reminders')
      .select(['answer_by', 'step', 'mailed'])
      .where('order_number', '=', order)
      .executeTakeFirst();
    if (!row) return null;
    const { answer_by, step, mailed } = row;
    return { answerBy: Number(answer_by), step: Number(step), mailed: mailedSchema.parse(JSON.parse(mailed)) };
  }

  recordReminder({ order, answerBy, step, at, alert }: NewReminder): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const row = { answer_by: answerBy, step, at, mailed: '[]' };
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('answer_reminders')
        .values({ order_number: order, ...row })
        .onConflict((conflict) =>
          conflict
            .column('order_number')
            .doUpdateSet(row)
            .where((eb) =>
              eb.or([eb('answer_reminders.answer_by', '<>', answerBy), eb('answer_reminders.step', '<', step)]),
            ),
        )
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) return false;
      // Each order has one alert: a new reminder replaces the previous alert.
      await tx.deleteFrom('alerts').where('device_id', 'is', null).where('code', '=', alert.code).execute();
      await storeAlerts(tx, [{ device: null, at, ...alert }]);
      return true;
    });
  }

  async recordMailed(order: string, mailed: readonly AccountId[]): Promise<void> {
    await this.#database.db
      .updateTable('answer_reminders')
      .set({ mailed: JSON.stringify(mailed) })
      .where('order_number', '=', order)
      .execute();
  }
}
