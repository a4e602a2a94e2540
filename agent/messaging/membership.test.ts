/** Membership as a device verifies it, over the real device listener; and servers that lie about it, whose answers are the real one's, changed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import type { Ledger } from '../../server/ledger/ledger.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { appendLeaf } from '../../server/store/leaves.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import { countersignCertificate, readMessagingCertificate } from '../../shared/order/messaging-certificate.ts';
import type { MemberProof } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type GatewayWorld, openGatewayWorld, type TestDevice } from '../../tests/support/gateway-world.ts';
import { testLedger } from '../../tests/support/ledger.ts';
import { newSignatureKey } from '../../tests/support/messaging-keys.ts';
import { personCalled } from '../../tests/support/persons.ts';
import { INSTALLATION, testKey } from '../../tests/support/signed-documents.ts';
import { dialDirect } from '../link/dial.ts';
import { type Http, overTls } from '../link/http.ts';
import { secureDial } from '../link/tls.ts';
import type { HeldLedger } from './ledger-watch.ts';
import { createMembership } from './membership.ts';

let world: GatewayWorld;
const organisation = testKey();
beforeAll(async () => {
  world = await openGatewayWorld();
  const { ada, ben, cyd } = world.people;
  await world.root([ada, ben, cyd], [ada, ben], [organisation]);
  await world.ledger.start();
});
afterAll(async () => {
  expect(world.complaints).toEqual([]);
  await world.close();
});

/** An answer of the server; about anything but members it is passed on as it is. */
interface Told {
  readonly members: readonly MemberProof[];
}

/** A device of somebody of this name, and what it knows of members. `lie` stands between it and the server. */
async function device(name: string) {
  const enrolled = await world.enrol('SE', name);
  const identity = { device: enrolled.id, installation: INSTALLATION, generation: 1 };
  const asks: string[] = [];
  const alarms: string[] = [];
  let held: HeldLedger | null = null;
  let now = 0;
  const lies: { answer: ((path: string, json: Told) => unknown) | null; cut: boolean } = { answer: null, cut: false };
  const real = overTls(secureDial({ dial: dialDirect, rootPem: enrolled.tls.ca, identity: identityOf(enrolled) }));
  const http: Http = async (url, request) => {
    const path = `${url.pathname}${url.search}`;
    asks.push(`${request.method} ${path}`);
    const answer = await real(url, request);
    if (lies.cut) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    if (!lies.answer) return answer;
    const told = lies.answer(path, JSON.parse(answer.body.toString()));
    const status = typeof told === 'object' && told !== null && 'code' in told ? 422 : answer.status;
    return { ...answer, status, body: Buffer.from(JSON.stringify(told)) };
  };
  const make = () =>
    createMembership({
      identity,
      signer: () => enrolled.signer,
      root: () => world.orders.root(),
      store: {
        ledger: () => held,
        saveLedger: (next) => {
          held = next;
        },
      },
      http: () => http,
      deviceUrl: () => `wss://127.0.0.1:${world.port}`,
      monotonic: () => now,
      now: () => world.clock.now(),
      alarm: (code, detail) => void alarms.push(`${code} ${detail}`),
    });
  const signatureKey = newSignatureKey();
  return {
    ...enrolled,
    signatureKey,
    name,
    person: personCalled(name),
    membership: make(),
    asks,
    alarms,
    alarmCodes: () => alarms.map((alarm) => alarm.split(' ')[0]),
    lies,
    held: () => held,
    /** The program starts anew: what it has stored stays. */
    restart: make,
    later: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}
type Somebody = Awaited<ReturnType<typeof device>>;

const identityOf = ({ tls }: TestDevice) => ({ keyPem: String(tls.key), chainPem: String(tls.cert) });

async function countersign(): Promise<void> {
  const query = { waiting: true, lacking: null, group: null, scope: null, cursor: null, limit: 500 };
  const { keys } = await world.membership.list(query);
  const given = keys.map(({ digest, payload }) => ({
    digest,
    keyid: organisation.keyid,
    signature: countersignCertificate(organisation, payload),
  }));
  if (given.length > 0) await world.membership.countersign(given, null);
}

async function member(name: string): Promise<Somebody> {
  const made = await device(name);
  await made.membership.handIn(made.signatureKey);
  await countersign();
  return made;
}

describe('an honest server', () => {
  it('takes the key once, and says when it is countersigned', async () => {
    const zoe = await device('Zoe');
    expect(zoe.membership.own()).toEqual({ state: 'unknown', person: null, name: null });
    const waiting = { state: 'waiting', person: zoe.person, name: 'Zoe' };
    expect(await zoe.membership.handIn(zoe.signatureKey)).toEqual(waiting);
    expect(await zoe.restart().handIn(zoe.signatureKey)).toEqual(waiting);
    await countersign();
    expect(await zoe.membership.handIn(zoe.signatureKey)).toEqual({ ...waiting, state: 'member' });
    expect(zoe.asks.filter((asked) => asked.startsWith('POST'))).toHaveLength(1);
    await expect(zoe.restart().handIn(newSignatureKey())).rejects.toMatchObject({ code: 'messaging_key_taken' });
    expect(zoe.alarms).toEqual([]);
  });

  it('proves the devices of people, and each is asked about once a minute at most', async () => {
    const [ann, first, second] = [await member('Ann'), await member('Bob'), await member('Bob')];
    const nobody = personCalled('Nobody');
    const found = await ann.membership.membersOf([first.person, nobody]);
    const devices = (found.get(first.person) ?? []).map((each) => each.device);
    expect(devices.toSorted()).toEqual([first.id, second.id].toSorted());
    expect(found.get(nobody)).toEqual([]);
    const { signatureKey, name, person } = first;
    const expected = { device: first.id, generation: 1, signatureKey, name, email: null, group: 'embassies', person };
    const before = ann.asks.length;
    expect(await ann.membership.proofOf(first.id, 1, signatureKey)).toEqual(expected);
    await ann.membership.membersOf([first.person]);
    expect(ann.asks).toHaveLength(before);
    ann.later(60_000);
    await ann.membership.membersOf([first.person]);
    expect(ann.asks.length).toBeGreaterThan(before);
    expect(await ann.membership.search('bo')).toEqual([{ person, name: 'Bob', email: null, groups: ['embassies'] }]);
    expect(ann.alarms).toEqual([]);
  });

  it('that does not answer, or not now, speaks against nobody', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    const proof = () => ann.membership.proofOf(bob.id, 1, bob.signatureKey);
    ann.lies.cut = true;
    await expect(proof()).rejects.toMatchObject({ code: 'unavailable' });
    ann.lies.cut = false;
    for (const code of ['store_unavailable', 'rate_limited', 'internal'] as const) {
      ann.lies.answer = () => ({ code, detail: 'try again' });
      await expect(proof()).rejects.toMatchObject({ code: 'unavailable' });
    }
    ann.lies.answer = null;
    expect(await proof()).toMatchObject({ device: bob.id });
    expect(ann.alarms).toEqual([]);
  });

  it('asks about many devices in one question', async () => {
    const ann = await member('Ann');
    const others = [await member('Cid'), await member('Dee'), await member('Eve')];
    const before = ann.asks.filter((asked) => asked.includes('/device/members')).length;
    await Promise.all(others.map((other) => ann.membership.proofOf(other.id, 1, other.signatureKey)));
    expect(ann.asks.filter((asked) => asked.includes('/device/members'))).toHaveLength(before + 1);
  });

  it('a change is asked about anew, and who has ended is no member', async () => {
    const [ann, gone] = [await member('Ann'), await member('Flo')];
    expect((await ann.membership.membersOf([gone.person])).get(gone.person)).toHaveLength(1);
    await world.devices.revoke(gone.id);
    expect((await ann.membership.membersOf([gone.person])).get(gone.person)).toHaveLength(1);
    ann.membership.changed(gone.person);
    expect((await ann.membership.membersOf([gone.person])).get(gone.person)).toEqual([]);
    await expect(ann.membership.proofOf(gone.id, 1, gone.signatureKey)).rejects.toMatchObject({ code: 'ghost_member' });
    expect(ann.alarmCodes()).toEqual(['ghost_member']);
  });

  it('whose root no longer names the organisation key makes nobody a member', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).not.toEqual([]);
    const { ada, ben, cyd } = world.people;
    await world.root([ada, ben, cyd], [ada, ben], [testKey()]);
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).toEqual([]);
    await world.root([ada, ben, cyd], [ada, ben], [organisation]);
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).not.toEqual([]);
  });

  it('two devices compare what they have seen of the ledger, whoever has seen more', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    await ann.membership.membersOf([bob.person]);
    const early = ann.membership.ledger();
    await member('Gus');
    await bob.membership.membersOf([ann.person]);
    const late = bob.membership.ledger();
    expect(late?.size).toBeGreaterThan(early?.size ?? 0);
    await ann.membership.compareCheckpoint(late!, bob.id);
    await bob.membership.compareCheckpoint(early!, ann.id);
    await (await device('Hal')).membership.compareCheckpoint(early!, ann.id);
    expect([...ann.alarms, ...bob.alarms]).toEqual([]);
  });
});

describe('case 17: a ghost', () => {
  let ann: Somebody;
  let bob: Somebody;
  beforeEach(async () => {
    [ann, bob] = [await member('Ann'), await member(`Bob ${Math.random()}`)];
  });

  /** Lies about members from here on. */
  const lie = (change: (proof: MemberProof) => MemberProof | Promise<MemberProof>) => {
    ann.lies.answer = (path, json) =>
      path === '/device/members' ? { members: json.members.map((proof: MemberProof) => change(proof)) } : json;
  };
  async function refused(why: RegExp, key = bob.signatureKey): Promise<void> {
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).toEqual([]);
    await expect(ann.membership.proofOf(bob.id, 1, key)).rejects.toMatchObject({ code: 'ghost_member' });
    expect(ann.alarms.join('\n')).toMatch(why);
    expect(ann.alarmCodes().every((each) => each === 'ghost_member')).toBe(true);
  }
  const certificateOf = ({ certificate }: MemberProof) =>
    readMessagingCertificate(Buffer.from(certificate.payload, 'base64')).certificate;
  const signed = (proof: MemberProof, signers: readonly Signer[], changes: object = {}): MemberProof => ({
    ...proof,
    certificate: signEnvelope(
      PAYLOAD_TYPES.messagingCertificate,
      encodeCanonical({ ...certificateOf(proof), ...changes }),
      signers,
    ),
  });

  it.each<[string, (proof: MemberProof) => MemberProof, RegExp]>([
    [
      'that the server alone has certified',
      (proof) => signed(proof, [world.online]),
      /not countersigned by the organisation/,
    ],
    [
      'that the organisation alone has signed',
      (proof) => signed(proof, [organisation]),
      /not certified by an online key/,
    ],
    [
      'that another organisation key has signed',
      (proof) => signed(proof, [world.online, testKey()]),
      /not countersigned/,
    ],
    [
      'that is certified by a key of another server',
      (proof) => signed(proof, [testKey(), organisation]),
      /not certified/,
    ],
    [
      'whose key was put in place of the one that was countersigned',
      (proof) => {
        const forged = signed(proof, [world.online], { signatureKey: newSignatureKey() });
        const { signatures } = proof.certificate;
        return {
          ...forged,
          certificate: { ...forged.certificate, signatures: [...forged.certificate.signatures, ...signatures] },
        };
      },
      /not countersigned/,
    ],
    [
      'of another installation',
      (proof) => signed(proof, [world.online, organisation], { installation: 'ins_other' }),
      /another installation/,
    ],
    [
      'that both have signed and the ledger does not know',
      (proof) => signed(proof, [world.online, organisation], { signatureKey: newSignatureKey() }),
      /speaks of another certificate/,
    ],
    [
      'whose leaf is another',
      (proof) => ({ ...proof, certified: proof.countersigned }),
      /stands for messaging-key.certified/,
    ],
    [
      'that has one leaf',
      (proof) => ({ ...proof, countersigned: proof.certified }),
      /stands for messaging-key.countersigned/,
    ],
    [
      'whose leaf was made up',
      (proof) => {
        const body = proof.countersigned.body.replace(/"at":\d+/, '"at":1');
        return { ...proof, countersigned: { ...proof.countersigned, body } };
      },
      /leads to another root/,
    ],
    [
      'whose leaf stands elsewhere',
      (proof) => ({ ...proof, certified: { ...proof.certified, index: proof.certified.index + 1 } }),
      /proof/,
    ],
    [
      'that is proven by several trees',
      (proof) => ({
        ...proof,
        countersigned: { ...proof.countersigned, checkpoint: `${proof.countersigned.checkpoint}x` },
      }),
      /several trees/,
    ],
  ])('%s', async (_name, change, why) => {
    lie(change);
    await refused(why);
  });

  it('in whose place the server proves another device', async () => {
    const other = await member('Ida');
    const [proof] = (await world.membership.members({ people: [other.person], devices: [] })).members;
    ann.lies.answer = (path, json) => (path === '/device/members' ? { members: [proof] } : json);
    await refused(/nothing proves that the organisation has confirmed its key/);
  });

  it('beside the device whose name it has', async () => {
    const forged = newSignatureKey();
    // The organisation's key was misused: it has countersigned a second key of one enrolment, and the ledger has both.
    const rogue = await issue(bob.id, forged);
    ann.lies.answer = (path, json) => (path === '/device/members' ? { members: [rogue, rogue] } : json);
    await refused(/several messaging keys/, forged);
  });

  /** A certificate that is signed by both and stands in the ledger, beside the store. */
  async function issue(id: DeviceId, signatureKey: string): Promise<MemberProof> {
    const [proof] = (await world.membership.members({ people: [], devices: [id] })).members;
    const { certificate } = signed(proof!, [world.online, organisation], { signatureKey });
    const { digest } = readMessagingCertificate(Buffer.from(certificate.payload, 'base64'));
    const leaves: LeafDraft[] = [
      { kind: 'messaging-key.certified', at: 1, subject: id, public: { digest } },
      { kind: 'messaging-key.countersigned', at: 1, subject: id, public: { digest, keyid: organisation.keyid } },
    ];
    await world.database.transaction(async (tx) => {
      for (const leaf of leaves) await appendLeaf(tx, leaf);
    });
    await world.ledger.sequence();
    const size = Number((await world.ledger.checkpoint()).split('\n')[1]);
    const { leaves: proved, checkpoint } = await world.ledger.proveLeaves([size - 2, size - 1]);
    const [certified, countersigned] = proved.map(({ index, body, proof: hashes }) => ({
      index,
      body: body.toString(),
      proof: hashes.map((hash) => hash.toString('base64')),
      checkpoint,
      key: world.ledger.verifierKey,
    }));
    return { certificate, certified: certified!, countersigned: countersigned! };
  }

  it('and the same one raises one alarm, however often it is shown', async () => {
    lie((proof) => signed(proof, [world.online]));
    for (let at = 0; at < 3; at++) {
      ann.later(60_000);
      await ann.membership.membersOf([bob.person]);
    }
    expect(ann.alarms).toHaveLength(1);
  });

  it('a server that gives a device the certificate of another key is refused', async () => {
    const [proof] = (await world.membership.members({ people: [bob.person], devices: [] })).members;
    const jay = await device('Jay');
    jay.lies.answer = () => ({ certificate: proof?.certificate, countersigned: true });
    await expect(jay.membership.handIn(jay.signatureKey)).rejects.toMatchObject({ code: 'ghost_member' });
    expect(jay.membership.own().state).toBe('unknown');
  });

  it('a search shows no name before a person whose it is not', async () => {
    const lie = { people: [{ person: bob.person, name: 'Ann', devices: 1 }] };
    ann.lies.answer = (path, json) => (path.startsWith('/device/people') ? lie : json);
    const truth = { person: bob.person, name: bob.name, email: null, groups: ['embassies'] };
    expect(await ann.membership.search('ann')).toEqual([truth]);
    expect(await ann.membership.search(bob.person)).toEqual([truth]);
    const nobody = { people: [{ person: personCalled('Nobody'), name: 'Ann', devices: 1 }] };
    ann.lies.answer = (path, json) => (path.startsWith('/device/people') ? nobody : json);
    expect(await ann.membership.search('ann')).toEqual([]);
  });
});

describe('case 36: a ledger that is not one and the same for all', () => {
  let folder: string;
  let database: Database;
  /** Signed by the same key over other leaves. */
  let fork: Ledger;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-fork-'));
    database = await openDatabase({ file: join(folder, 'cordon.db') });
    fork = testLedger(database, world.clock, new LocalBus(), world.ledgerKeys);
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const sizeOf = async (ledger: Ledger) => Number((await ledger.checkpoint()).split('\n')[1]);
  async function growFork(size: number): Promise<string> {
    await fork.sequence();
    const from = await sizeOf(fork);
    await database.transaction(async (tx) => {
      for (let at = from; at < size; at++) {
        await appendLeaf(tx, { kind: 'certificate.issued', at, subject: null, public: { serial: `${at}` } });
      }
    });
    await fork.sequence();
    return fork.checkpoint();
  }
  const proofOf = async (query: string) => {
    const { from, to } = Object.fromEntries(new URLSearchParams(query.split('?')[1]));
    const { proof } = await fork.proveGrowth(Number(from), Number(to));
    return proof.map((hash) => hash.toString('base64'));
  };

  it('a device that has seen the one refuses the other, whatever the server proves of it', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    await ann.membership.membersOf([bob.person]);
    const before = ann.held();
    const forked = await growFork((await sizeOf(world.ledger)) + 50);
    const proof = await proofOf(`?from=${ann.membership.ledger()?.size}&to=${await sizeOf(fork)}`);
    for (const told of [proof, [], ['AAAA']]) {
      ann.later(60_000);
      ann.lies.answer = (path, json) =>
        path === '/device/members'
          ? {
              members: json.members.map((each: MemberProof) => ({
                ...each,
                certified: { ...each.certified, checkpoint: forked },
                countersigned: { ...each.countersigned, checkpoint: forked },
              })),
            }
          : { ...json, proof: told, from: 1, checkpoint: forked, key: world.ledger.verifierKey };
      await expect(ann.membership.membersOf([bob.person])).rejects.toMatchObject({ code: 'ledger_forked' });
    }
    expect(ann.alarmCodes()).toEqual(['ledger_forked']);
    expect(ann.held()).toEqual(before);
    ann.lies.answer = null;
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).not.toEqual([]);
  });

  it('an older one than was shown is refused, also after a restart', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    const old = (await world.membership.members({ people: [bob.person], devices: [] })).members;
    await member('Kit');
    await ann.membership.membersOf([bob.person]);
    const again = ann.restart();
    ann.lies.answer = () => ({ members: old });
    await expect(again.membersOf([bob.person])).rejects.toMatchObject({ code: 'ledger_older' });
    expect(ann.alarmCodes()).toEqual(['ledger_older']);
  });

  it('one of another key, or of no signature, is refused', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    const show = (change: (proof: MemberProof['certified']) => object) => {
      ann.later(60_000);
      ann.lies.answer = (path, json) =>
        path === '/device/members'
          ? {
              members: json.members.map((each: MemberProof) => ({
                ...each,
                certified: { ...each.certified, ...change(each.certified) },
                countersigned: { ...each.countersigned, ...change(each.countersigned) },
              })),
            }
          : json;
      return expect(ann.membership.membersOf([bob.person])).rejects.toMatchObject({ code: 'ledger_forked' });
    };
    await show(({ checkpoint }) => ({ checkpoint: checkpoint.replace(/\n— .*\n$/, '\n') }));
    await show(() => ({ key: 'cordon/ins_other+00000000+AAAA' }));
    ann.lies.answer = null;
    await ann.membership.membersOf([bob.person]);
    await show(() => ({ key: testLedger(database, world.clock, new LocalBus()).verifierKey }));
    expect(new Set(ann.alarmCodes())).toEqual(new Set(['ledger_forked']));
  });

  it('two devices that were shown different ones find out from each other', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    await ann.membership.membersOf([bob.person]);
    const ours = ann.membership.ledger()!;
    const other = Buffer.alloc(32, 7).toString('base64');
    for (const theirs of [
      { size: ours.size, root: other },
      { size: ours.size - 1, root: other },
      { size: ours.size + 100_000, root: other },
    ]) {
      const compared = ann.membership.compareCheckpoint(theirs, bob.id);
      await expect(compared).rejects.toMatchObject({ code: 'ledger_forked', message: expect.stringContaining(bob.id) });
    }
    expect(ann.alarmCodes()).toEqual(['ledger_forked', 'ledger_forked', 'ledger_forked']);
    const nothing = ann.membership.compareCheckpoint({ size: 3, root: 'AAAA' }, bob.id);
    await expect(nothing).rejects.toMatchObject({ code: 'document_malformed' });
    // A server that does not answer proves nothing, and raises nothing.
    ann.lies.answer = () => ({ code: 'unavailable', detail: 'later' });
    const silent = ann.membership.compareCheckpoint({ size: ours.size - 1, root: other }, bob.id);
    await expect(silent).rejects.toMatchObject({ code: 'unavailable' });
    expect(ann.alarms).toHaveLength(3);
  });
});
