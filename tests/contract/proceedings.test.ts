/** Recorded answers and appeals, and reminders of answers, on every store. */
import { afterEach, expect, it } from 'vitest';
import {
  createAnswerReminders,
  type ReminderMail,
  type Responsible,
} from '../../server/orders/evidence/answer-reminders.ts';
import type { Database } from '../../server/store/database.ts';
import { ProceedingStore } from '../../server/store/proceeding-store.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Proceeding } from '../../shared/order/proceedings.ts';
import { newAccountId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const ANSWER_BY = NOW + 9 * DAY;
const ASKED = { ...PROPOSAL, answerBy: new Date(ANSWER_BY).toISOString() };
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

describeOnEveryStore('proceedings', (open) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(async () => world.stop());

  const begin = async (terms: object = {}) => {
    database = await open();
    world = await openOrderWorld(database);
    const { proposer, ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    const { order } = await world.orders.drafting.propose(proposer.id, { ...ASKED, ...terms });
    return { order, by: proposer.id };
  };
  const keep = async (text: string) => {
    const { sha256: hash } = await world.orders.documents.keep(
      world.people.proposer.id,
      'application/pdf',
      Buffer.from(text),
    );
    return { title: `${text}.pdf`, mediaType: 'application/pdf', bytes: text.length, sha256: hash };
  };
  const answer = async (more: object = {}): Promise<Proceeding> => ({
    kind: 'answer',
    on: day(NOW),
    by: 'Sana Malik',
    document: await keep('reply'),
    ...more,
  });
  const entries = async () => {
    const rows = await database.db
      .selectFrom('ledger_entries')
      .select('body')
      .where('kind', '=', 'order.proceeding')
      .orderBy('id')
      .execute();
    return rows.map(({ body }) => JSON.parse(body));
  };
  const alerts = async () =>
    (await database.db.selectFrom('alerts').select(['code', 'detail', 'count']).orderBy('id').execute()).map((row) => ({
      ...row,
    }));

  it('store an answer with its document and a ledger commitment, and keep corrected records', async () => {
    const { order, by } = await begin();
    const first = await world.orders.proceedings.record(by, order, await answer({ note: 'By courier.' }));
    expect(first.answer).toMatchObject({ by: 'Sana Malik', note: 'By courier.' });
    expect((await world.orders.documents.document(order, sha256('reply'))).content.toString()).toBe('reply');
    const second = await answer({ by: 'Outside counsel', corrects: 1 });
    const corrected = await world.orders.proceedings.record(by, order, second);
    expect(corrected.answer).toMatchObject({ by: 'Outside counsel', corrects: 1 });
    expect(corrected.records).toMatchObject([
      { number: 1, recordedBy: by, proceeding: { by: 'Sana Malik' } },
      { number: 2 },
    ]);
    expect((await world.orders.adoption.get(order)).proceedings).toEqual(corrected);
    const rows = await database.db.selectFrom('order_proceedings').selectAll().orderBy('number').execute();
    expect(await entries()).toMatchObject(
      rows.map(({ record, number }) => ({
        subject: null,
        public: { order, record: Number(number), digest: sha256(record) },
      })),
    );
  });

  it('of a withheld order show neither its number nor the record in the ledger', async () => {
    const { order, by } = await begin({ publication: { law: 'section 5' } });
    await world.sign(order, 1, world.people.ada);
    await world.sign(order, 1, world.people.ben);
    await world.orders.proceedings.record(by, order, await answer());
    expect(await entries()).toMatchObject([{ subject: expect.stringMatching(/^[0-9a-f]{64}$/), public: {} }]);
  });

  it('reject invalid records, and store nothing', async () => {
    const { order, by } = await begin();
    const refused = async (proceeding: Proceeding) =>
      world.orders.proceedings.record(by, order, proceeding).then(
        () => 'recorded',
        (error: unknown) => (isCordonError(error) ? error.code : String(error)),
      );
    expect(await refused(await answer({ on: day(NOW + 2 * DAY) }))).toBe('invalid_input');
    expect(await refused(await answer({ by: 'Sana\u202e' }))).toBe('invalid_input');
    const lost = { title: 'x', mediaType: 'application/pdf', bytes: 1, sha256: 'b'.repeat(64) };
    expect(await refused(await answer({ document: lost }))).toBe('not_found');
    expect(await refused({ kind: 'appeal-decided', on: day(NOW), appeal: 1, outcome: 'allowed' })).toBe(
      'invalid_input',
    );
    expect([(await world.orders.adoption.get(order)).proceedings.records, await entries()]).toEqual([[], []]);
  });

  it('remind each responsible person once at each time, also after restarts, until the answer is recorded', async () => {
    const { order, by } = await begin();
    const sent: string[] = [];
    let failing = true;
    const people: Responsible[] = ['ada', 'ben'].map((name) => ({
      id: newAccountId(),
      name,
      email: `${name}@example.org`,
    }));
    const start = () =>
      createAnswerReminders({
        store: new ProceedingStore(database),
        clock: world.clock,
        orders: () => world.orders.adoption.list(),
        people: {
          responsible: async () => people,
          mail:
            () =>
            async ({ name }: Responsible, { subject }: ReminderMail) => {
              if (name === 'ben' && failing) throw new CordonError('mail_failed', 'The mail server is down.');
              sent.push(`${name}: ${subject}`);
            },
        },
        raised: () => undefined,
        log: { warn: () => undefined },
      });
    let reminders = start();
    await reminders.run();
    expect([sent, await alerts()]).toEqual([[], []]);
    world.clock.jump(ANSWER_BY - 7 * DAY);
    await reminders.run();
    expect(sent).toEqual([`ada: Order ${order}: answer due in 7 days`]);
    expect(await alerts()).toMatchObject([
      { code: `answer_due:${order}`, detail: expect.stringContaining('in 7 days') },
    ]);
    await reminders.stop();
    failing = false;
    for (let restart = 0; restart < 2; restart += 1) {
      reminders = start();
      await reminders.run();
      expect(sent.splice(0)).toEqual(
        restart === 0 ? [`ada: Order ${order}: answer due in 7 days`, `ben: Order ${order}: answer due in 7 days`] : [],
      );
      await reminders.stop();
    }
    reminders = start();
    // After days without a server, one reminder is sent instead of one for each time.
    world.clock.jump(ANSWER_BY + 2 * DAY);
    await reminders.run();
    expect(sent.splice(0)).toEqual([`ada: Order ${order}: answer overdue`, `ben: Order ${order}: answer overdue`]);
    expect(await alerts()).toMatchObject([
      { code: `answer_due:${order}`, detail: expect.stringContaining('overdue by 2 days') },
    ]);
    await world.orders.proceedings.record(by, order, await answer());
    world.clock.jump(ANSWER_BY + 5 * DAY);
    await reminders.run();
    expect([sent, await alerts()]).toEqual([[], []]);
    await reminders.stop();
  });
});
