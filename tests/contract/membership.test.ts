/** Verified devices: certified by the server, countersigned by the organization, each signature with its ledger entry; on both dialects. */
import { afterAll, afterEach, expect, it } from 'vitest';
import { isCordonError } from '../../shared/errors.ts';
import { checkInclusion } from '../../shared/ledger/check-proofs.ts';
import { envelopeSchema } from '../../shared/order/documents.ts';
import { countersignCertificate, judgeMessagingCertificate } from '../../shared/order/messaging-certificate.ts';
import { testAuthority } from '../support/enrollment.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { type MembershipWorld, openMembershipWorld } from '../support/membership-world.ts';
import { messagingKey } from '../support/messaging-keys.ts';
import { addPerson, personCalled } from '../support/persons.ts';
import { testKey } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const { authority, remove } = testAuthority();
afterAll(remove);
const code = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'accepted',
    (error: unknown) => (isCordonError(error) ? error.code : String(error)),
  );
const turn = () => new Promise(setImmediate);
const sameSet = (one: readonly string[], other: readonly string[]) => one.toSorted().join() === other.toSorted().join();
const AMINA = personCalled('Amina');

describeOnEveryStore('membership', (openStore) => {
  let world: MembershipWorld;
  afterEach(() => world?.stop());
  const begin = async () => {
    world = await openMembershipWorld(await openStore(), authority);
    return world;
  };
  const entries = async () => {
    const rows = await world.database.db.selectFrom('ledger_entries').select(['kind', 'body']).orderBy('id').execute();
    return rows
      .filter(({ kind }) => kind.startsWith('messaging-key'))
      .map(({ body }): { kind: string; public: Record<string, string>; subject: string } => JSON.parse(body));
  };
  const membersOf = async (...people: string[]) =>
    (await world.membership.members({ people, devices: [] })).members.map(
      ({ certificate }) =>
        judgeMessagingCertificate(certificate, world.orders.approverSets.current()!).certificate.device,
    );

  it('certifies a key once with its ledger entry, and lists a device as verified after the countersignature', async () => {
    const { membership, organization, orders } = await begin();
    const device = await world.enroll(' AMINA ');
    expect(await membership.own(device.id, 1)).toEqual({ certificate: null, countersigned: false });
    const { envelope, signatureKey, answer } = await world.handIn(device);
    expect(answer.countersigned).toBe(false);
    const judged = judgeMessagingCertificate(envelopeSchema.parse(answer.certificate), orders.approverSets.current()!);
    expect([...judged.certifiedBy, ...judged.countersignedBy]).toEqual([world.online.keyid]);
    expect(judged.certificate).toMatchObject({
      device: device.id,
      generation: 1,
      person: AMINA,
      name: ' AMINA ',
      signatureKey,
    });
    expect(await membership.submitKey(device.identity, envelope)).toEqual(answer);
    expect(await entries()).toMatchObject([{ kind: 'messaging-key.certified', public: { digest: judged.digest } }]);
    expect(await membersOf(AMINA)).toEqual([]);
    expect(await membership.search('amina')).toEqual([]);

    expect(await membership.waiting(null)).toEqual({ count: 1, possible: true });
    await turn();
    world.wakes.length = 0;
    for (let again = 0; again < 2; again++) {
      const payload = Buffer.from(answer.certificate!.payload, 'base64').toString();
      const signature = countersignCertificate(organization, payload);
      const given = { digest: judged.digest, keyid: organization.keyid, signature };
      expect(await membership.countersign([given], null)).toEqual({ countersigned: 1, refused: [] });
    }
    await turn();
    expect(world.wakes).toContainEqual({ kind: 'members', people: [AMINA] });
    expect(await membership.waiting(null)).toEqual({ count: 0, possible: true });
    expect((await entries()).map(({ kind }) => kind)).toEqual([
      'messaging-key.certified',
      'messaging-key.countersigned',
    ]);
    expect((await entries())[1]?.public).toEqual({ digest: judged.digest, keyid: organization.keyid });
    expect(await membersOf(AMINA)).toEqual([device.id]);
    expect((await membership.own(device.id, 1)).countersigned).toBe(true);
  });

  it('proves both ledger entries of every verified device against one checkpoint', async () => {
    const { membership, ledger } = await begin();
    for (let at = 0; at < 12; at++) await world.handIn(await world.enroll(`Person ${at}`));
    await world.countersign();
    const people = Array.from({ length: 12 }, (_, at) => personCalled(`Person ${at}`));
    const { members } = await membership.members({ people, devices: [] });
    expect(members).toHaveLength(12);
    expect(new Set(members.flatMap((each) => [each.certified.checkpoint, each.countersigned.checkpoint])).size).toBe(1);
    for (const { certificate, certified, countersigned } of members) {
      const { digest } = judgeMessagingCertificate(certificate, world.orders.approverSets.current()!);
      for (const [proof, kind] of [
        [certified, 'messaging-key.certified'],
        [countersigned, 'messaging-key.countersigned'],
      ] as const) {
        const { entry } = await checkInclusion(proof, proof.index, ledger.verifierKey);
        expect(entry).toMatchObject({ kind, public: { digest } });
      }
    }
    const some = members
      .slice(0, 2)
      .map(({ certificate }) => judgeMessagingCertificate(certificate, world.orders.approverSets.current()!));
    const byDevice = await membership.members({
      people: [],
      devices: some.map(({ certificate }) => certificate.device as never),
    });
    expect([...byDevice.people].sort()).toEqual(some.map(({ certificate }) => certificate.person).sort());
  });

  it('accepts one key for each enrollment, only from the device itself', async () => {
    const { membership } = await begin();
    const [device, other] = [await world.enroll(), await world.enroll('Ben')];
    const says = (changes: Parameters<typeof messagingKey>[2], by = device) =>
      code(membership.submitKey(device.identity, messagingKey(device.id, by.signer, changes).envelope));
    expect(await says({}, other)).toBe('signature_invalid');
    expect(await says({ device: other.id })).toBe('conflict');
    expect(await says({ installation: 'ins_other' })).toBe('conflict');
    expect(await says({ generation: 2 })).toBe('conflict');
    for (const signatureKey of ['', 'AAAA', `${'A'.repeat(42)}B=`, 'A'.repeat(44)]) {
      expect(await says({ signatureKey })).toBe('document_malformed');
    }
    expect(await entries()).toEqual([]);
    await world.handIn(device);
    expect(await code(world.handIn(device))).toBe('messaging_key_taken');
    expect(await entries()).toHaveLength(1);
  });

  it('stores one of two different keys that arrive at the same time', async () => {
    const device = (await begin()) && (await world.enroll());
    const codes = await Promise.all([1, 2, 3].map(() => code(world.handIn(device))));
    expect(codes.filter((each) => each === 'messaging_key_taken')).toHaveLength(2);
    expect(await entries()).toHaveLength(1);
  });

  it('removes a revoked device and announces the change; a new enrollment has a new key', async () => {
    const { membership, database } = await begin();
    const [first, second] = [await world.enroll(), await world.enroll()];
    for (const device of [first, second]) await world.handIn(device);
    await world.countersign();
    expect((await membersOf(AMINA)).sort()).toEqual([first.id, second.id].sort());
    expect(await membership.search('MIN')).toEqual([{ person: AMINA, name: 'Amina', devices: 2 }]);
    world.wakes.length = 0;
    await world.devices.revoke(first.id);
    await expect.poll(() => world.wakes).toContainEqual({ kind: 'members', people: [AMINA] });
    expect(await membersOf(AMINA)).toEqual([second.id]);
    expect(await code(membership.submitKey(first.identity, messagingKey(first.id, first.signer).envelope))).toBe(
      'messaging_key_taken',
    );

    await database.transaction((tx) => addPerson(tx, 'Zoe', world.group));
    await database.db
      .updateTable('devices')
      .set({ generation: 2, person_name: 'Zoe', person_id: personCalled('Zoe') })
      .where('id', '=', second.id)
      .execute();
    expect(await membersOf(AMINA)).toEqual([]);
    const again = { id: second.id, ...world.identityOf(second.id, 2) };
    await world.handIn(again);
    expect((await world.waiting()).keys).toMatchObject([{ device: second.id, generation: 2, name: 'Zoe' }]);
    await world.countersign();
    expect(await membersOf(AMINA, personCalled('zoe'))).toEqual([second.id]);
    const both = [AMINA, personCalled('zoe')];
    world.bus.publish({ kind: 'ended', device: second.id });
    await expect
      .poll(() => world.wakes)
      .toContainEqual({ kind: 'members', people: expect.toSatisfy((people: string[]) => sameSet(people, both)) });
  });

  it('checks each countersignature separately: exact bytes, key of the approver set, device within the scope', async () => {
    const { membership, organization } = await begin();
    const there = await addGroup(world.database, 'there');
    const [device, other, beyond] = [
      await world.enroll(),
      await world.enroll('Ben'),
      await world.enroll('Cyd', { group: there }),
    ];
    for (const each of [device, other, beyond]) await world.handIn(each);
    const keys = new Map((await world.waiting()).keys.map((key) => [key.device, key]));
    const [mine, theirs, far] = [device, other, beyond].map(({ id }) => keys.get(id)!) as [never, never, never];
    const by = (key: typeof organization, of: { digest: string; payload: string }, shown = of) => ({
      digest: of.digest,
      keyid: key.keyid,
      signature: countersignCertificate(key, shown.payload),
    });
    const scope = [{ group: world.group, homes: null }];
    const foreign = testKey();
    const { countersigned, refused } = await membership.countersign(
      [
        by(organization, mine, theirs),
        by(foreign, mine),
        { ...by(foreign, mine), keyid: organization.keyid },
        by(world.online, mine),
        by(organization, far),
        { ...by(organization, mine), digest: 'f'.repeat(64) },
        by(organization, theirs),
      ],
      scope,
    );
    expect(countersigned).toBe(1);
    expect(refused.map((each) => each.code)).toEqual([
      'signature_invalid',
      'approver_unknown',
      'signature_invalid',
      'approver_unknown',
      'not_found',
      'not_found',
    ]);
    expect((await world.waiting()).keys.map((key) => key.device).sort()).toEqual([device.id, beyond.id].sort());
    expect((await world.waiting({ scope })).keys.map((key) => key.device)).toEqual([device.id]);
    expect(await membership.waiting(scope)).toEqual({ count: 1, possible: true });
    expect((await world.waiting({ group: 'there' })).keys.map((key) => key.device)).toEqual([beyond.id]);
  });

  it('lists the waiting keys page by page, oldest first', async () => {
    await begin();
    const order: string[] = [];
    for (let at = 0; at < 5; at++) {
      const device = await world.enroll(`Person ${at}`);
      order.push(device.id);
      world.clock.jump(world.clock.now() + 1000);
      await world.handIn(device);
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await world.waiting({ limit: 2, cursor });
      seen.push(...page.keys.map((key) => key.device));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(seen).toEqual(order);
    expect(await code(world.waiting({ cursor: 'x' }))).toBe('invalid_input');
  });

  it('keeps devices verified across approver sets and during a rotation of the organization key', async () => {
    const { organization, membership } = await begin();
    const device = await world.enroll();
    await world.handIn(device);
    await world.countersign();
    const { ada, ben, cyd } = world.people;
    await world.world.approverSet([ada, ben, cyd], [ada, ben]);
    expect(world.orders.approverSets.current()?.organizationKeys.map(({ keyid }) => keyid)).toEqual([
      organization.keyid,
    ]);
    const next = testKey();
    await world.changeKeys([organization, next]);
    expect(await membersOf(AMINA)).toEqual([device.id]);
    expect((await world.waiting()).keys).toEqual([]);
    expect((await world.waiting({ waiting: false, lacking: next.keyid })).keys).toMatchObject([
      { device: device.id, countersignedBy: [organization.keyid] },
    ]);
    expect(await world.countersign(next, { waiting: false, lacking: next.keyid })).toMatchObject({ countersigned: 1 });
    await world.changeKeys([next]);
    expect(await membersOf(AMINA)).toEqual([device.id]);
    await world.changeKeys([testKey()]);
    expect(await membersOf(AMINA)).toEqual([]);
    expect(await membership.waiting(null)).toEqual({ count: 1, possible: true });
    await world.changeKeys([]);
    expect(await membership.waiting(null)).toEqual({ count: 1, possible: false });
    expect(await code(world.countersign())).toBe('conflict');
    await world.changeKeys([next]);
    expect(await membersOf(AMINA)).toEqual([device.id]);
  });

  it('finds people by a part of their name in any spelling, and treats wildcards as plain text', async () => {
    const { membership } = await begin();
    for (const name of ['Zoë Ørsted', 'ZOË  ørsted', 'Per_cent%', 'Li', '李'])
      await world.handIn(await world.enroll(name));
    await world.countersign();
    const found = async (text: string) =>
      (await membership.search(text)).map(({ devices, person }) => [person, devices]);
    const zoe = personCalled('zoë ørsted');
    for (const text of ['zoë', 'ØRS', ' zoë ørsted ']) expect(await found(text)).toEqual([[zoe, 2]]);
    expect(await found('_')).toHaveLength(1);
    expect(await found('%')).toHaveLength(1);
    expect(await found('李')).toHaveLength(1);
    expect(await found('\\')).toEqual([]);
    expect(await found('  ')).toEqual([]);
  });
});
