/** The disclosure desk over both databases: requests, productions, notices, statements and counts. */
import { expect, it } from 'vitest';
import { NOTICE_LIFE } from '../../server/disclosures/disclosures.ts';
import { newDisclosure } from '../../shared/api/disclosures.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from '../../shared/disclosure/documents.ts';
import { signDocument } from '../../shared/disclosure/signed-document.ts';
import { CANARY, DAY, deskOn, iso, START } from '../support/desk-store-world.ts';
import { addCertificate, addDevice, addGroup } from '../support/fleet-rows.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

describeOnEveryStore('the disclosure desk', (open) => {
  it('produces exactly the records of the account, the types and the window', async () => {
    const database = await open();
    const { device, clock, connect, approved, produce, opened, desk } = await deskOn(database, START - 40 * DAY);
    await connect(device, START - 31 * DAY, 1_000);
    await connect(device, START - 2 * DAY, 60_000);
    await addCertificate(database, { device, issuedAt: START - 29 * DAY });
    clock.jump(START);
    const id = await approved({ records: ['connection-log', 'enrollment-record', 'order-receipts'] });
    expect((await produce(id)).production).toMatchObject({ lines: 2 });
    const [, ...lines] = (await opened(id))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { record: 'connection-log', at: iso(START - 2 * DAY), fields: { device, address: CANARY } },
      { record: 'enrollment-record', fields: { device, generation: 1, codeCreatedBy: null } },
    ]);
    await expect(produce(id)).rejects.toMatchObject({ code: 'disclosure_already_produced' });
    expect(await desk.sealedFile(id)).toEqual(await desk.sealedFile(id));
  });

  it('case 43: produces nothing under an instrument that expired after the approvals', async () => {
    const database = await open();
    const { clock, approved, produce, desk, entries } = await deskOn(database);
    const id = await approved();
    clock.jump(START + 30 * DAY);
    await expect(produce(id)).rejects.toMatchObject({ code: 'disclosure_instrument_expired' });
    await expect(desk.sealedFile(id)).rejects.toMatchObject({ code: 'disclosure_not_approved' });
    expect(await entries('disclosure.produced')).toBe(0);
  });

  it('refuses a second request with the same reference or document at the same time', async () => {
    const database = await open();
    const { desk, draft, clerk } = await deskOn(database);
    const id = await draft();
    const { instrument, authority, window, records, person } = await desk.requests.show(id, {
      person: clerk.person,
      seesAccounts: true,
    });
    const same = newDisclosure.parse({ person: person?.person, authority: authority.id, instrument, window, records });
    await expect(desk.requests.draft(clerk.person, same)).rejects.toMatchObject({ code: 'disclosure_instrument_used' });
  });

  it('shows one approver the records of at most five people in 24 hours, also for simultaneous previews', async () => {
    const database = await open();
    const { desk, clock, draft, ada, ben, entries } = await deskOn(database);
    const group = await addGroup(database, 'more');
    const requests = [];
    for (const user of ['A', 'B', 'C', 'D', 'E', 'F']) {
      const device = await addDevice(database, { group, user });
      const row = database.db.selectFrom('devices').select('person_id').where('id', '=', device);
      requests.push(await draft({ person: (await row.executeTakeFirstOrThrow()).person_id }));
    }
    const page = { offset: 0, limit: 10 };
    const results = await Promise.allSettled(requests.map((id) => desk.preview(ada.person, id, page)));
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(refused).toEqual(['disclosure_preview_limit']);
    expect(await entries('disclosure.previewed')).toBe(5);
    const [first, last] = [requests[0], requests[5]] as [(typeof requests)[0], (typeof requests)[0]];
    await desk.preview(ada.person, first, page);
    await desk.preview(ben.person, last, page);
    clock.jump(clock.now() + DAY);
    await desk.preview(ada.person, last, page);
  });

  it('accepts at most 20 open drafts of one person', async () => {
    const database = await open();
    const { desk, draft, ada } = await deskOn(database);
    const drafts = [];
    for (let count = 0; count < 20; count += 1) drafts.push(await draft());
    await expect(draft()).rejects.toMatchObject({ code: 'disclosure_too_many_drafts' });
    await desk.requests.refuse(ada.person, drafts[0] ?? ('' as never), 'legal_defect', 'No signature.');
    await draft();
  });

  it('sends the notice once to each active device on the date that the law allows, and records it', async () => {
    const database = await open();
    const world = await deskOn(database);
    const { desk, clock, commands, device, approved, produce, show, entries, messages } = world;
    const notice = { notBefore: iso(START + 10 * DAY), basis: 'Section 5' };
    const id = await approved({ notice });
    expect((await produce(id)).notice).toMatchObject({ state: 'delayed', dueAt: START + 10 * DAY });
    await desk.runNotices();
    expect(await messages()).toEqual([]);
    clock.jump(START + 10 * DAY);
    await desk.runNotices();
    await desk.runNotices();
    const [message, ...more] = await messages();
    expect(more).toEqual([]);
    expect(JSON.parse(message?.body ?? '')).toMatchObject({ text: expect.stringContaining('Authority: Court.') });
    expect((await show(id)).notice.state).toBe('waiting');
    await commands.stored(device, 1, message?.id as never);
    await desk.runNotices();
    await desk.runNotices();
    expect((await show(id)).notice).toMatchObject({ state: 'sent', sentAt: START + 10 * DAY });
    expect(await entries('disclosure.notified')).toBe(1);
    const openings = await database.db
      .selectFrom('ledger_entries')
      .innerJoin('ledger_openings', 'ledger_openings.entry_id', 'ledger_entries.id')
      .select(['kind', 'subject'])
      .where('kind', 'like', 'disclosure.%')
      .execute();
    expect(openings.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([
        'disclosure.received',
        'disclosure.approved',
        'disclosure.produced',
        'disclosure.notified',
      ]),
    );
    for (const { subject } of openings) expect(subject).not.toContain(world.person);
    expect(await messages()).toHaveLength(1);
  });

  it('records the notice soon after a device has stored it, without waiting for the next regular run', async () => {
    const database = await open();
    const { desk, commands, device, approved, produce, show, messages } = await deskOn(database);
    const id = await approved();
    const stop = desk.start((error) => {
      throw error;
    });
    try {
      await produce(id);
      const message = await until(async () => {
        const [first] = await messages();
        if (!first) throw new Error('the notice was not sent yet');
        return first;
      });
      await commands.stored(device, 1, message.id as never);
      await until(async () => expect((await show(id)).notice.state).toBe('sent'), 30_000);
    } finally {
      await stop();
    }
  });

  it('keeps a notice waiting without an active device, and repeats an expired message', async () => {
    const database = await open();
    const { desk, clock, commands, approved, produce, show, messages } = await deskOn(database);
    await database.db.updateTable('devices').set({ status: 'revoked' }).execute();
    const id = await approved();
    expect((await produce(id)).notice.state).toBe('waiting');
    expect(await messages()).toEqual([]);
    await database.db.updateTable('devices').set({ status: 'active' }).execute();
    await desk.runNotices();
    expect(await messages()).toHaveLength(1);
    clock.jump(START + NOTICE_LIFE);
    await commands.expire();
    await desk.runNotices();
    expect((await messages()).map(({ state }) => state).sort()).toEqual(['expired', 'queued']);
    expect((await show(id)).notice.state).toBe('waiting');
  });

  it('counts the months of a period after they have ended, with days of suspended service', async () => {
    const database = await open();
    const { desk, clock, clerk, approved, draft, produce } = await deskOn(database);
    await produce(await approved());
    await draft();
    const demand = { authority: 'Ministry', reference: 'M', receivedOn: '2026-03-10', note: null };
    await desk.requests.recordDemand(clerk.person, { ...demand, reason: 'wholesale' });
    await desk.requests.recordDemand(clerk.person, { ...demand, reason: 'wholesale' });
    expect(await desk.requests.refuseBody(clerk.person, { person: '*' })).toMatchObject({
      code: 'disclosure_subject_wildcard',
    });
    const { from, to, disclosures: before, orders: earlier } = await desk.transparency.report({});
    expect([from, to]).toEqual(['2025-03', '2026-02']);
    expect(before).toMatchObject({ received: 0, answered: 0, pending: 0, refused: 0, refusedByReason: [] });
    expect(earlier.suspended).toEqual([]);

    clock.jump(Date.parse('2026-04-01T00:00:00Z'));
    const { disclosures, orders, statement } = await desk.transparency.report({ from: '2026-03', to: '2026-03' });
    expect(disclosures).toEqual({
      received: 5,
      answered: 1,
      pending: 1,
      refused: 3,
      refusedByReason: [
        { reason: 'subject_wildcard', title: expect.any(String), count: 1 },
        { reason: 'wholesale', title: expect.any(String), count: 2 },
      ],
      months: [{ month: '2026-03', received: 5, answered: 1, accounts: 1, refused: 3 }],
    });
    expect(orders).toEqual({
      count: 2,
      withheld: 1,
      suspended: [
        { area: 'FR', services: ['messaging'], days: 3, orders: 1 },
        { area: 'PK', services: ['messaging'], days: 3, orders: 1 },
      ],
    });
    expect(statement).toEqual({ state: 'none' });
  });

  it('reports of different periods cannot tell a day, or that two months concern the same account', async () => {
    const database = await open();
    const { desk, clock, approved, produce } = await deskOn(database);
    await produce(await approved());
    clock.jump(Date.parse('2026-04-02T08:00:00Z'));
    await produce(await approved());
    await produce(await approved());

    // The month of the last two productions has not ended, and no period can contain a part of a month.
    for (const period of [{ to: '2026-04' }, { from: '2026-04' }, { from: '2026-04', to: '2026-05' }])
      await expect(desk.transparency.report(period)).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringMatching(/The last one is 2026-03|ends before it begins/),
      });
    clock.jump(Date.parse('2026-05-01T00:00:00Z') - 1);
    await expect(desk.transparency.report({ to: '2026-04' })).rejects.toMatchObject({ code: 'invalid_input' });
    clock.jump(Date.parse('2026-05-01T00:00:00Z'));

    const both = await desk.transparency.report({ from: '2026-03', to: '2026-04' });
    expect(both.disclosures.months).toEqual([
      { month: '2026-03', received: 1, answered: 1, accounts: 1, refused: 0 },
      { month: '2026-04', received: 2, answered: 2, accounts: 1, refused: 0 },
    ]);
    expect(both.disclosures).not.toHaveProperty('accounts');
    // Every count of a longer period is the sum of its months, so it tells nothing more.
    const months = [
      await desk.transparency.report({ from: '2026-03', to: '2026-03' }),
      await desk.transparency.report({ from: '2026-04', to: '2026-04' }),
    ];
    expect(months.flatMap(({ disclosures }) => disclosures.months)).toEqual(both.disclosures.months);
    for (const name of ['received', 'answered', 'refused'] as const)
      expect(months.reduce((sum, { disclosures }) => sum + disclosures[name], 0)).toBe(both.disclosures[name]);
  });

  it('adopts a statement that two people sign at the same time, and no expired one', async () => {
    const { desk, clock, clerk, ada, ben, entries } = await deskOn(await open());
    const propose = () => desk.statements.propose(clerk.person, 30);
    const sign = (
      { person, keyid, signer: key }: typeof ada,
      { digest, payload }: Awaited<ReturnType<typeof propose>>,
    ) =>
      desk.statements.sign(person, digest, {
        keyid,
        signature: signDocument(key, DISCLOSURE_PAYLOAD_TYPES.statement, payload),
      });
    const first = await propose();
    await Promise.all([sign(ada, first), sign(ben, first)]);
    expect(await desk.statements.list()).toMatchObject([{ state: 'adopted', signed: 2 }]);
    expect(await entries('transparency.stated')).toBe(1);
    clock.jump(START + DAY);
    const second = await propose();
    await sign(ada, second);
    clock.jump(START + 31 * DAY);
    await expect(sign(ben, second)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('The statement has expired.'),
    });
  });

  it('shows the statement of two people until it expires, then its absence, and keeps old statements', async () => {
    const database = await open();
    const { desk, clock, clerk, ada, ben, entries } = await deskOn(database);
    async function renew(days: number) {
      const { digest, payload } = await desk.statements.propose(clerk.person, days);
      for (const { person, keyid, signer: key } of [ada, ben]) {
        const signature = signDocument(key, DISCLOSURE_PAYLOAD_TYPES.statement, payload);
        await desk.statements.sign(person, digest, { keyid, signature });
      }
      return digest;
    }
    const first = await desk.statements.propose(clerk.person, 90);
    const forged = signDocument(ben.signer, DISCLOSURE_PAYLOAD_TYPES.statement, first.payload);
    const sign = desk.statements.sign(ada.person, first.digest, { keyid: ada.keyid, signature: forged });
    await expect(sign).rejects.toMatchObject({ code: 'approval_invalid' });
    const own = signDocument(ada.signer, DISCLOSURE_PAYLOAD_TYPES.statement, first.payload);
    await desk.statements.sign(ada.person, first.digest, { keyid: ada.keyid, signature: own });
    expect((await desk.transparency.report({})).statement).toEqual({ state: 'none' });
    clock.jump(START + 1);
    const digest = await renew(90);
    const { statement } = await desk.transparency.report({});
    expect(statement).toMatchObject({ state: 'valid', statement: { digest, signed: 2 }, inclusion: null });
    expect(await entries('transparency.stated')).toBe(1);
    clock.jump(START + 90 * DAY + 1);
    expect((await desk.transparency.report({})).statement).toEqual({ state: 'expired', since: START + 90 * DAY + 1 });
    clock.jump(START + 91 * DAY);
    await renew(30);
    const later = await desk.transparency.report({});
    expect(later.statement.state).toBe('valid');
    expect(later.statements).toHaveLength(2);
  });
});
