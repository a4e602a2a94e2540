/** Expiry, retraction, decline and replacement of proposals, and the basis of actions, on every store. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { isCordonError } from '../../shared/errors.ts';
import { isCourtStay } from '../../shared/order/adoption-state.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { verifyApproverSets } from '../../shared/order/approvers.ts';
import type { ActionBasis } from '../../shared/order/documents.ts';
import { compileRules } from '../../shared/order/rules.ts';
import { verifyList } from '../../shared/order/verify-list.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld, type Person, PROPOSAL } from '../support/order-world.ts';
import { INSTALLATION, NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Within the lifetime of a proposal that is made at `NOW`. */
const SOON = NOW + 7 * DAY;
const SOON_PROPOSAL = { ...PROPOSAL, effective: new Date(SOON).toISOString() };

describeOnEveryStore('proposals', (open) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(async () => world.stop());

  const begin = async () => {
    database = await open();
    world = await openOrderWorld(database);
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    return world.people;
  };
  const code = (act: Promise<unknown>) =>
    act.then(
      () => 'accepted',
      (error: unknown) => (isCordonError(error) ? error.code : String(error)),
    );
  const signImmediate = async (order: string, revision: number, { id, key }: Person) => {
    const { payload } = await world.orders.adoption.revision(order, revision);
    return world.orders.adoption.approve(id, order, revision, approvalOf(key, payload, { immediate: true }));
  };
  const entries = async () => {
    const rows = await database.db.selectFrom('ledger_entries').select(['kind', 'body']).orderBy('id').execute();
    return rows.map(({ kind, body }) => ({ kind, ...JSON.parse(body).public }));
  };
  /** Orders that a newly enrolled device accepts from the public list. */
  const onDevice = () => {
    const envelope = world.orders.list.current()?.envelope;
    if (!envelope) throw new Error('there is no list');
    const known = { installation: INSTALLATION, version: 0, hash: null, orders: new Map() };
    return verifyList({
      envelope,
      approverSet: verifyApproverSets(null, world.orders.approverSets.envelopes()),
      known,
      now: world.clock.now(),
    });
  };

  it('require a signed confirmation of the immediate effect for an approval after the effective time', async () => {
    const { proposer, ada, ben } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, SOON_PROPOSAL);
    expect(await code(signImmediate(order, 1, ada))).toBe('approval_invalid');
    await world.sign(order, 1, ada);
    world.clock.jump(SOON + HOUR);
    expect(await world.orders.adoption.revision(order, 1)).toMatchObject({ passed: 'effective' });
    expect(await code(world.sign(order, 1, ben))).toBe('immediate_effect_unconfirmed');
    expect(world.orders.adoption.rules()).toEqual([]);
    // A signature over the statement of another revision confirms nothing.
    const { payload } = await world.orders.adoption.revision(order, 1);
    const other = approvalOf(ben.key, payload.replace('"revision":1', '"revision":2'), { immediate: true });
    const forged = { ...approvalOf(ben.key, payload), immediate: other.immediate };
    expect(await code(world.orders.adoption.approve(ben.id, order, 1, forged))).toBe('approval_invalid');
    expect(await signImmediate(order, 1, ben)).toMatchObject({ adopted: true });
    const approvals = (await entries()).filter(({ kind }) => kind === 'order.approval');
    expect(approvals.map(({ immediate }) => typeof immediate)).toEqual(['undefined', 'string']);
    expect(onDevice()).toMatchObject({ alerts: [] });
    expect(onDevice().orders.size).toBe(1);
  });

  it('require no confirmation for a time that the order already had', async () => {
    const { proposer, ada, ben } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, SOON_PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(SOON - HOUR);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', title: 'Another title' });
    world.clock.jump(SOON + HOUR);
    for (const person of [ada, ben]) await world.sign(order, 2, person);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    for (const person of [ada, ben]) await world.sign(order, 3, person);
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'withdrawn' });
  });

  it('require a confirmation for an end that passed while the proposal was pending', async () => {
    const { proposer, ada, ben } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, SOON_PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    world.clock.jump(SOON + HOUR);
    await world.orders.drafting.proposeAction(proposer.id, order, {
      action: 'extend',
      until: new Date(SOON + DAY).toISOString(),
    });
    world.clock.jump(SOON + 2 * DAY);
    expect(await code(world.sign(order, 2, ada))).toBe('immediate_effect_unconfirmed');
    expect(await code(signImmediate(order, 2, ada))).toBe('accepted');
  });

  it('expire after 14 days, also while no server runs, and can be proposed again', async () => {
    const { proposer, ada, ben } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    const { order: second } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    expect((await world.orders.adoption.get(order)).revisions[0]?.expiresAt).toBe(NOW + 14 * DAY);
    world.clock.jump(NOW + 14 * DAY - 1);
    expect((await world.orders.adoption.pendingApprovals()).revisions).toHaveLength(2);
    world.clock.jump(NOW + 14 * DAY);
    await expect.poll(async () => (await world.orders.adoption.pendingApprovals()).revisions).toEqual([]);
    expect(await world.orders.adoption.get(order)).toMatchObject({
      status: 'expired',
      revisions: [{ state: 'expired' }],
    });
    expect(await code(world.sign(order, 1, ben))).toBe('proposal_expired');
    const ended = (await entries()).filter(({ kind }) => kind === 'order.proposal-ended');
    expect(ended.map(({ order: of, outcome }) => [of, outcome])).toEqual([
      [order, 'expired'],
      [second, 'expired'],
    ]);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', title: 'Again' });
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'proposed' });
    await world.stop();
    world.clock.jump(NOW + 29 * DAY);
    await world.reopen();
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'expired' });
  });

  it('can be retracted by the proposer only or declined by an approver, and not approved afterward', async () => {
    const { proposer, ada, ben } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    expect(await code(world.orders.drafting.retract(ada.id, order, 1))).toBe('forbidden');
    expect(await code(world.orders.drafting.decline(proposer.id, order, 1, 'No.'))).toBe('approver_unknown');
    expect(await world.orders.drafting.retract(proposer.id, order, 1)).toMatchObject({
      state: 'retracted',
      endedBy: proposer.id,
    });
    expect(await code(world.sign(order, 1, ben))).toBe('proposal_ended');
    expect(await code(world.orders.drafting.retract(proposer.id, order, 1))).toBe('proposal_ended');
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'retracted' });
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'revise', title: 'Again' });
    expect(await code(world.orders.drafting.decline(ada.id, order, 2, 'No.'))).toBe('same_person');
    await world.orders.drafting.decline(ben.id, order, 2, 'The instrument is not signed.');
    const declined = { state: 'declined', endedBy: ben.id, endReason: 'The instrument is not signed.' };
    const shown = await world.orders.adoption.get(order);
    expect([shown.status, shown.revisions[1]]).toEqual(['declined', expect.objectContaining(declined)]);
    const ended = (await entries()).filter(({ kind }) => kind === 'order.proposal-ended');
    expect(ended.map(({ outcome }) => outcome)).toEqual(['retracted', 'declined']);
    expect(JSON.stringify(ended)).not.toContain('instrument');
    // An adopted revision cannot be retracted.
    const { order: other } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(other, 1, person);
    expect(await code(world.orders.drafting.retract(proposer.id, other, 1))).toBe('proposal_ended');
  });

  it('of one person cannot block a withdrawal', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.drafting.proposeAction(ben.id, order, { action: 'withdraw' });
    await world.sign(order, 2, ada);
    for (let n = 3; n < 6; n += 1) {
      const made = await world.orders.drafting.proposeAction(proposer.id, order, {
        action: 'revise',
        title: `Title ${n}`,
      });
      expect(made).toMatchObject({ revision: n, state: 'requested' });
    }
    // The store keeps only a person's newest request, and nobody can approve a request.
    const states = async () => (await world.orders.adoption.get(order)).revisions.map(({ state }) => state);
    expect(await states()).toEqual(['adopted', 'waiting', 'superseded', 'superseded', 'requested']);
    expect(await code(world.sign(order, 5, ada))).toBe('replacement_unconfirmed');
    expect(await code(world.orders.drafting.confirmReplacement(proposer.id, order, 5))).toBe('same_person');
    expect(await world.sign(order, 2, cyd)).toMatchObject({ adopted: true });
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'withdrawn' });
    expect(await states()).toEqual(['adopted', 'adopted', 'superseded', 'superseded', 'superseded']);
    expect(onDevice()).toMatchObject({ alerts: [] });
  });

  it('replace the pending one after a second person confirms, or when nothing is pending', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    await world.sign(order, 2, ada);
    await world.orders.drafting.proposeAction(ben.id, order, { action: 'revise', title: 'Other' });
    expect(await world.orders.drafting.confirmReplacement(cyd.id, order, 3)).toMatchObject({
      state: 'waiting',
      approvals: [],
    });
    expect(await code(world.sign(order, 2, cyd))).toBe('revision_superseded');
    expect((await entries()).filter(({ kind }) => kind === 'order.replacement-confirmed')).toMatchObject([
      { revision: 3 },
    ]);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    await world.orders.drafting.retract(ben.id, order, 3);
    expect((await world.orders.adoption.revision(order, 4)).state).toBe('waiting');
    for (const person of [ada, ben]) await world.sign(order, 4, person);
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'withdrawn' });
  });

  it('do not prevent a one-person pause of the order', async () => {
    const { proposer, ada, ben } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', title: 'Other' });
    await world.sign(order, 2, ben);
    expect(await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause' })).toMatchObject({
      state: 'requested',
    });
    expect(await world.sign(order, 3, ada)).toMatchObject({ adopted: true });
    expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'paused' });
    expect(await code(world.sign(order, 2, ada))).toBe('revision_superseded');
    expect(onDevice()).toMatchObject({ alerts: [] });
    // A pause of a paused order needs two people, as every other action.
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause' });
    expect(await code(world.sign(order, 5, ada))).toBe('replacement_unconfirmed');
  });

  describe('the basis of an action', () => {
    const COURT = { name: 'Islamabad High Court', case: 'W.P. 3811/2015' };
    const stayed = async () => {
      const people = await begin();
      const device = world.addDevice('PK');
      const { order } = await world.orders.drafting.propose(people.proposer.id, SOON_PROPOSAL);
      for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
      world.clock.jump(SOON + HOUR);
      const content = Buffer.from('%PDF the stay');
      const kept = await world.orders.documents.keep(people.ada.id, 'application/pdf', content);
      return { ...people, device, order, content, documents: [{ title: 'Stay of 1 August', ...kept }] };
    };
    const denied = async (device: DeviceId) => !(await world.orders.effect.verdict(device)).services.messaging.allowed;

    it('keeps a one-person pause with a court’s document without an end, on the server and on devices', async () => {
      const { ada, order, device, documents, content, proposer, ben } = await stayed();
      expect(await denied(device)).toBe(true);
      const basis = { reason: 'The court stays the directive.', court: COURT, documents };
      const { payload } = await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause', basis });
      expect(JSON.parse(payload).basis).toEqual(basis);
      expect(await world.sign(order, 2, ada)).toMatchObject({ adopted: true });
      const before = onDevice();
      world.clock.jump(SOON + 30 * DAY);
      expect(await denied(device)).toBe(false);
      expect(await world.orders.adoption.get(order)).toMatchObject({ status: 'paused', pausedUntil: null });
      expect(before.orders.get(order)).toMatchObject({ permanentPause: true });
      expect(onDevice()).toMatchObject({ alerts: [] });
      const [rule] = compileRules(onDevice().orders.values());
      expect(rule?.pausedUntil).toBe(Infinity);
      expect((await world.orders.documents.document(order, documents[0]?.sha256 ?? '')).content).toEqual(content);
      await world.reopen();
      expect(await denied(device)).toBe(false);
      await world.orders.drafting.proposeAction(proposer.id, order, {
        action: 'resume',
        basis: { reason: 'The court lifted its stay.' },
      });
      for (const person of [ada, ben]) await world.sign(order, 3, person);
      expect(await denied(device)).toBe(true);
      expect(onDevice().orders.get(order)?.revision).toMatchObject({ basis: { reason: 'The court lifted its stay.' } });
    });

    it('needs both a court and a document to keep a one-person pause', async () => {
      const { ada, order, device, documents } = await stayed();
      await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause', basis: { court: COURT } });
      await world.sign(order, 2, ada);
      expect(await denied(device)).toBe(false);
      world.clock.jump(SOON + 80 * HOUR);
      expect(await denied(device)).toBe(true);
      expect(isCourtStay({ action: 'pause', basis: { documents } })).toBe(false);
      expect(isCourtStay({ action: 'resume', basis: { documents, court: COURT } })).toBe(false);
    });

    it('is rejected for a change of terms, an unknown document, and hidden characters', async () => {
      const { ada, order, documents } = await stayed();
      const act = (what: 'pause' | 'withdraw' | 'revise', basis: ActionBasis) =>
        code(world.orders.drafting.proposeAction(ada.id, order, { action: what, basis }));
      expect(await act('revise', { reason: 'Because.' })).toBe('invalid_input');
      expect(await act('withdraw', { reason: 'Be\u202ecause.' })).toBe('invalid_input');
      expect(await act('withdraw', { documents: documents.map((each) => ({ ...each, sha256: 'a'.repeat(64) })) })).toBe(
        'not_found',
      );
      expect(await act('withdraw', { reason: 'The directive was revoked.', documents })).toBe('accepted');
    });
  });
});
