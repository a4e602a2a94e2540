/** The rule for a second person, and the voided approvals of a disabled account, on every store. */
import { afterEach, expect, it } from 'vitest';
import { recordLink } from '../../server/store/account-rows.ts';
import { AccountStore } from '../../server/store/account-store.ts';
import type { Database } from '../../server/store/database.ts';
import { isCordonError } from '../../shared/errors.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { type AccountId, accountIdSchema } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, type Person, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

describeOnEveryStore('independent approvers', (open) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(async () => world.stop());

  const accountOf = async ({ key }: Person): Promise<AccountId> => {
    const row = await database.db
      .selectFrom('approver_keys')
      .select('account_id')
      .where('keyid', '=', key.keyid)
      .executeTakeFirstOrThrow();
    return accountIdSchema.parse(row.account_id);
  };
  const created = async (by: Person, made: Person) => {
    const [maker, account] = [await accountOf(by), await accountOf(made)];
    await database.transaction((tx) => recordLink(tx, account, maker, 'created', NOW));
  };
  const begin = async () => {
    database = await open();
    world = await openOrderWorld(database);
    return world.people;
  };
  const setStatus = async (person: Person, status: 'active' | 'disabled') => {
    // One owner with an active account must remain.
    await database.db
      .insertInto('accounts')
      .values({
        id: 'acc_ownerownerownero',
        person_id: world.people.proposer.id,
        email: 'o@example.org',
        email_key: 'o@example.org',
        name: 'Owner',
        password_hash: 'x',
        totp_sealed: 'x',
        totp_last_step: 0,
        status: 'active',
        created_at: NOW,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await database.db
      .insertInto('role_grants')
      .values({
        account_id: 'acc_ownerownerownero',
        role: 'owner',
        group_id: null,
        area: null,
        source: 'manual',
        granted_at: NOW,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const kind = status === 'active' ? 'role.granted' : 'role.revoked';
    const id = await accountOf(person);
    await new AccountStore(database).setStatus(id, status, { kind, at: NOW, subject: id, public: {} });
  };
  const kinds = async () =>
    (await database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(({ kind }) => kind);

  it('case 31: an account and its creator count as one in either order, and a third person makes two', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    await created(ada, ben);
    for (const [first, second] of [
      [ada, ben],
      [ben, ada],
    ] as const) {
      const { order, revision } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
      expect(await world.sign(order, revision, first)).toMatchObject({ adopted: false });
      const answer = await world.sign(order, revision, second);
      expect(answer).toMatchObject({ adopted: false, code: 'second_approver_required' });
      expect(answer.detail).toMatch(/counts as one .* created the account of .*1 more person must approve/);
      const { revisions } = await world.orders.adoption.pendingApprovals();
      const waiting = revisions.find((each) => each.order === order);
      expect([waiting?.approvals, [...(waiting?.open ?? [])]]).toEqual([1, [cyd.id]]);
      expect((await world.orders.adoption.get(order)).adoptedRevision).toBeNull();
      expect(await world.sign(order, revision, cyd)).toMatchObject({ adopted: true });
    }
  });

  it('case 31: a proposal and an adoption of an approver set need enough independent people', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    await created(proposer, ada);
    await created(proposer, ben);
    const propose = (people: readonly Person[]) =>
      world.orders.approverSets.propose({ threshold: 2, keyids: people.map(({ key }) => key.keyid) });
    const refused = await propose([proposer, ada]).catch((error: unknown) => error);
    expect(isCordonError(refused, 'same_person') && refused.message).toMatch(
      /belong to 1 independent person, and 2 must approve\. .* created the account of .* count as one/,
    );
    const { version, payload } = await propose([proposer, ada, ben]);
    const sign = ({ id, key }: Person) =>
      world.orders.approverSets.sign(id, version, {
        keyid: key.keyid,
        signature: signApproverSetPayload(key, payload),
      });
    expect((await sign(proposer)).state).toBe('waiting');
    expect((await sign(ada)).state).toBe('waiting');
    expect([...((await world.orders.adoption.pendingApprovals()).approverSet?.open ?? [])]).toEqual([ben.id]);
    expect((await sign(ben)).state).toBe('adopted');
    void cyd;
  });

  it('disabling an account voids its pending approvals, and enabling it restores none', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    const adopted = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(adopted.order, 1, ada);
    await world.sign(adopted.order, 1, ben);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    const next = await world.orders.approverSets.propose({
      threshold: 2,
      keyids: [ada, ben].map(({ key }) => key.keyid),
    });
    const sign = ({ id, key }: Person) =>
      world.orders.approverSets.sign(id, next.version, {
        keyid: key.keyid,
        signature: signApproverSetPayload(key, next.payload),
      });
    await sign(ada);

    await setStatus(ada, 'disabled');
    const approvals = async (number: string) =>
      (await world.orders.adoption.get(number)).revisions[0]?.approvals.length;
    expect([await approvals(adopted.order), await approvals(order)]).toEqual([2, 0]);
    expect((await world.orders.adoption.pendingApprovals()).approverSet?.signatures).toBe(0);
    expect((await kinds()).filter((kind) => kind === 'order.approval-voided')).toHaveLength(1);
    await expect(world.sign(order, 1, ada)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(sign(ada)).rejects.toMatchObject({ code: 'forbidden' });
    const again = { threshold: 2, keyids: [ada, ben].map(({ key }) => key.keyid) };
    await expect(world.orders.approverSets.propose(again)).rejects.toMatchObject({ code: 'approver_unknown' });

    await setStatus(ada, 'active');
    expect(await world.sign(order, 1, ben)).toMatchObject({ adopted: false, code: 'second_approver_required' });
    expect((await sign(ben)).state).toBe('waiting');
    // A new approval by the same person counts again.
    expect(await world.sign(order, 1, ada)).toMatchObject({ adopted: true });
    expect((await sign(ada)).state).toBe('adopted');
  });

  it('an approval never counts after its account is disabled at the same time', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    for (let round = 0; round < 5; round++) {
      const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
      await world.sign(order, 1, ada);
      const [, second] = await Promise.allSettled([setStatus(ada, 'disabled'), world.sign(order, 1, ben)]);
      const { adoptedRevision, revisions } = await world.orders.adoption.get(order);
      const given = revisions[0]?.approvals.length ?? 0;
      // The order is adopted with both approvals, or the approval of the disabled account is void.
      expect([adoptedRevision !== null, given]).toEqual(
        adoptedRevision === null ? [false, second.status === 'fulfilled' ? 1 : 0] : [true, 2],
      );
      await setStatus(ada, 'active');
    }
  });
});
