/** The disclosure desk over both databases: requests, productions, notices, statements and counts. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { createDisclosures, NOTICE_LIFE } from '../../server/disclosures/disclosures.ts';
import { AuthorityStore } from '../../server/store/authority-store.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import type { Database } from '../../server/store/database.ts';
import { DisclosureStore } from '../../server/store/disclosure-store.ts';
import { NoticeStore } from '../../server/store/notice-store.ts';
import { PersonRecordStore } from '../../server/store/person-record-store.ts';
import { TransparencyStore } from '../../server/store/transparency-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import { openStream, temporaryIdentity } from '../../shared/age/stream.ts';
import { newDisclosure } from '../../shared/api/disclosures.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from '../../shared/disclosure/documents.ts';
import { signDocument } from '../../shared/disclosure/signed-document.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { keyidOf, signerOf } from '../../shared/order/dsse.ts';
import { type DeviceId, newPersonId, personIdSchema } from '../../shared/protocol/ids.ts';
import { fleet } from '../support/device-world.ts';
import { addCertificate, addDevice, addGroup } from '../support/fleet-rows.ts';
import { testPersonKeys } from '../support/person-keys.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-03-10T08:00:00Z');
const iso = (at: number) => new Date(at).toISOString();
const CANARY = '198.51.100.99';

/** A registered key of one person of the role legal. */
function signer() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return { person: newPersonId(), keyid: keyidOf(publicKey), publicKey: spki, signer: signerOf(privateKey) };
}

async function deskOn(database: Database, begin = START) {
  const personKeys = testPersonKeys();
  const { devices, clock } = fleet(database, personKeys);
  clock.jump(begin);
  const group = await addGroup(database, 'g');
  const device = await addDevice(database, { group, enrolledAt: START - 40 * DAY });
  await addDevice(database, { group, user: 'Noor' });
  const row = await database.db
    .selectFrom('devices')
    .select('person_id')
    .where('id', '=', device)
    .executeTakeFirstOrThrow();
  const person = personIdSchema.parse(row.person_id);
  const [clerk, ada, ben] = [signer(), signer(), signer()];
  const people = [clerk, ada, ben];
  const bus = new LocalBus();
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus,
    clock,
    devices,
    now: () => clock.now(),
  });
  const notices = new NoticeStore(database);
  const { identity, recipient } = await temporaryIdentity();
  const documents = new Map<string, Buffer>();
  const desk = createDisclosures({
    stores: {
      disclosures: new DisclosureStore(database),
      authorities: new AuthorityStore(database),
      transparency: new TransparencyStore(database),
      records: new PersonRecordStore(database, personKeys),
    },
    documents: {
      keep: async (_by, mediaType, content) => {
        documents.set(sha256(content), content);
        return { mediaType, bytes: content.length, sha256: sha256(content) };
      },
      stored: async (hash) => ({ mediaType: 'application/pdf', bytes: documents.get(hash)?.length ?? 0, sha256: hash }),
      read: async (hash) => documents.get(hash) ?? Buffer.alloc(0),
    },
    legal: {
      keys: async () => people,
      people: async () => ({
        canonical: (id) => id,
        relation: () => null,
        independent: (persons) => new Set(persons),
      }),
      legal: async () => new Set(people.map((each) => each.person)),
    },
    messages: {
      activeDevices: (id) => notices.activeDevices(id),
      isStored: (ids) => notices.isStored(ids),
      send: async (id, to, text) => {
        await commands.issue({
          id,
          device: to,
          command: { kind: 'message', text },
          by: 'desk',
          expiresInSeconds: NOTICE_LIFE / 1000,
        });
      },
    },
    orders: {
      history: async () => ({
        orders: [
          {
            areas: ['PK', 'FR'],
            services: ['messaging'],
            executions: [
              { state: 'active', at: START - 3 * DAY },
              { state: 'inactive', at: START - DAY },
            ],
          },
        ],
        withheld: 1,
      }),
    },
    ledger: { verifierKey: 'k', proveEntry: async () => Promise.reject(new Error('no checkpoint in this test')) },
    keys: () => [],
    clock,
    bus,
    installation: 'ins_test',
    organization: 'Example',
    statementDays: 90,
  });
  const added = await desk.authorities.add(clerk.person, 'Court', recipient, 'By phone.');
  const authority = await desk.authorities.confirm(ada.person, added.id, added.fingerprint, 'In person.');

  async function connect(id: DeviceId, at: number, lasting: number) {
    clock.jump(at);
    const { epoch } = await devices.connected({ device: id, generation: 1, address: CANARY, agent: '0.1.0' });
    clock.jump(at + lasting);
    await devices.disconnected({ device: id, epoch });
  }

  let drafts = 0;
  async function draft(change: object = {}) {
    drafts += 1;
    const document = await desk.documents.keep(clerk.person, 'application/pdf', Buffer.from(`order ${drafts}`));
    return desk.requests.draft(
      clerk.person,
      newDisclosure.parse({
        person,
        authority: authority.id,
        instrument: {
          type: 'warrant',
          reference: `W-${drafts}`,
          issuer: 'Court',
          issuedAt: iso(START - DAY),
          expiresAt: iso(START + 30 * DAY),
          document: { title: 'Order', ...document },
        },
        window: { from: iso(START - 30 * DAY), to: iso(START - 1) },
        records: ['connection-log'],
        ...change,
      }),
    );
  }

  async function approved(change: object = {}) {
    const id = await draft(change);
    for (const { person: by, keyid, signer: key } of [ada, ben]) {
      const { versions, digest } = await desk.requests.show(id, { person: by, seesAccounts: true });
      const signature = signDocument(key, DISCLOSURE_PAYLOAD_TYPES.disclosure, versions.at(-1)?.payload ?? '');
      await desk.requests.approve(by, id, { digest, keyid, signature });
    }
    return id;
  }

  const show = (id: Awaited<ReturnType<typeof draft>>) =>
    desk.requests.show(id, { person: ada.person, seesAccounts: true });
  const produce = (id: Awaited<ReturnType<typeof draft>>) =>
    desk.produce({ person: ben.person, seesAccounts: true }, id);
  async function opened(id: Awaited<ReturnType<typeof draft>>): Promise<string> {
    const plain = await openStream(new Blob([new Uint8Array(await desk.sealedFile(id))]).stream(), { identity });
    return Buffer.from(await new Response(plain).arrayBuffer()).toString();
  }
  const entries = async (kind: string) =>
    (
      await database.db
        .selectFrom('ledger_entries')
        .select('kind')
        .where('kind', '=', kind as never)
        .execute()
    ).length;
  const messages = () => database.db.selectFrom('commands').selectAll().execute();
  return {
    desk,
    devices,
    clock,
    commands,
    device,
    person,
    clerk,
    ada,
    ben,
    authority,
    connect,
    draft,
    approved,
    show,
    produce,
    opened,
    entries,
    messages,
  };
}

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
    expect(await messages()).toHaveLength(1);
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

  it('counts a period for the report, with days of suspended service', async () => {
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
    const { disclosures, orders, statement } = await desk.transparency.report({ from: '2026-03-01', to: '2026-03-31' });
    expect(disclosures).toEqual({
      received: 5,
      answered: 1,
      accounts: 1,
      pending: 1,
      refused: 3,
      refusedByReason: [
        { reason: 'subject_wildcard', title: expect.any(String), count: 1 },
        { reason: 'wholesale', title: expect.any(String), count: 2 },
      ],
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
    const before = await desk.transparency.report({ from: '2026-01-01', to: '2026-02-28' });
    expect(before.disclosures).toMatchObject({ received: 0, answered: 0, refused: 0 });
    expect(before.orders.suspended).toEqual([]);
    clock.jump(START);
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
