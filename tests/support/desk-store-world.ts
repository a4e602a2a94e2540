/** The disclosure desk over a real store, without HTTP: three people of the role legal with keys, an authority, and a user. */

import { generateKeyPairSync } from 'node:crypto';
import { LocalBus } from '../../server/bus/bus.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { createDisclosures, NOTICE_LIFE } from '../../server/disclosures/disclosures.ts';
import { peopleOf } from '../../server/independence/independence.ts';
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
import { fleet } from './device-world.ts';
import { addDevice, addGroup } from './fleet-rows.ts';
import { testPersonKeys } from './person-keys.ts';

export const DAY = 86_400_000;
export const START = Date.parse('2026-03-10T08:00:00Z');
export const iso = (at: number) => new Date(at).toISOString();
export const CANARY = '198.51.100.99';

/** A registered key of one person of the role legal. */
function signer() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return {
    person: newPersonId(),
    keyid: keyidOf(publicKey),
    publicKey: spki,
    rpId: null,
    signer: signerOf(privateKey),
  };
}

export async function deskOn(database: Database, begin = START, personKeys = testPersonKeys()) {
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
      people: async () => peopleOf({ sameAs: new Map(), links: [] }),
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
