/** Verification of members over the real device listener. In some tests, the server changes its responses. */
import { beforeEach, describe, expect, it } from 'vitest';
import { appendEntry } from '../../../server/store/append-entries.ts';
import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { encodeCanonical } from '../../../shared/order/canonical.ts';
import { PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../../shared/order/dsse.ts';
import { readMessagingCertificate } from '../../../shared/order/messaging-certificate.ts';
import type { MemberProof } from '../../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import { type MemberDevice, memberDevices, organization } from '../../../tests/support/member-devices.ts';
import { newSignatureKey } from '../../../tests/support/messaging-keys.ts';
import { personCalled } from '../../../tests/support/persons.ts';
import { testKey } from '../../../tests/support/signed-documents.ts';

const devices = memberDevices();
const { device, member, countersign } = devices;

describe('an honest server', () => {
  it('accepts the key once, and reports the countersignature', async () => {
    const zoe = await device('Zoe');
    expect(zoe.membership.own()).toEqual({ state: 'unknown', person: null, name: null });
    const waiting = { state: 'waiting', person: zoe.person, name: 'Zoe' };
    expect(await zoe.membership.handIn(zoe.signatureKey)).toEqual(waiting);
    expect(await zoe.restart().handIn(zoe.signatureKey)).toEqual(waiting);
    await countersign();
    expect(await zoe.membership.handIn(zoe.signatureKey)).toEqual({ ...waiting, state: 'member' });
    expect(zoe.asks.filter((asked) => asked.startsWith('POST'))).toHaveLength(1);
    await expect(zoe.restart().handIn(newSignatureKey())).rejects.toMatchObject({ code: 'messaging_key_taken' });
    expect(zoe.alerts).toEqual([]);
  });

  it('proves the devices of people, and is asked about each person at most once a minute', async () => {
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
    expect(ann.alerts).toEqual([]);
  });

  it('raises no alert by a missing or late response', async () => {
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
    expect(ann.alerts).toEqual([]);
  });

  it('is asked about many devices in one request', async () => {
    const ann = await member('Ann');
    const others = [await member('Cid'), await member('Dee'), await member('Eve')];
    const before = ann.asks.filter((asked) => asked.includes('/device/members')).length;
    await Promise.all(others.map((other) => ann.membership.proofOf(other.id, 1, other.signatureKey)));
    expect(ann.asks.filter((asked) => asked.includes('/device/members'))).toHaveLength(before + 1);
  });

  it('is asked again after a change, and an ended enrollment is no member', async () => {
    const [ann, gone] = [await member('Ann'), await member('Flo')];
    expect((await ann.membership.membersOf([gone.person])).get(gone.person)).toHaveLength(1);
    await devices.world.devices.revoke(gone.id);
    expect((await ann.membership.membersOf([gone.person])).get(gone.person)).toHaveLength(1);
    ann.membership.changed(gone.person);
    expect((await ann.membership.membersOf([gone.person])).get(gone.person)).toEqual([]);
    await expect(ann.membership.proofOf(gone.id, 1, gone.signatureKey)).rejects.toMatchObject({
      code: 'unverified_member',
    });
    expect(ann.alertCodes()).toEqual(['unverified_member']);
  });

  it('has no members when the approver set no longer contains the organization key', async () => {
    const [ann, bob] = [await member('Ann'), await member('Bob')];
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).not.toEqual([]);
    const { ada, ben, cyd } = devices.world.people;
    await devices.world.approverSet([ada, ben, cyd], [ada, ben], [testKey()]);
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).toEqual([]);
    await devices.world.approverSet([ada, ben, cyd], [ada, ben], [organization]);
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).not.toEqual([]);
  });

  it('lets two devices compare their ledger trees, whichever is larger', async () => {
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
    expect([...ann.alerts, ...bob.alerts]).toEqual([]);
  });
});

describe('case 17: an unverified device that the server presents as a member', () => {
  let ann: MemberDevice;
  let bob: MemberDevice;
  beforeEach(async () => {
    [ann, bob] = [await member('Ann'), await member(`Bob ${Math.random()}`)];
  });

  /** Changes all following responses of the server about members. */
  const lie = (change: (proof: MemberProof) => MemberProof | Promise<MemberProof>) => {
    ann.lies.answer = (path, json) =>
      path === '/device/members' ? { members: json.members.map((proof: MemberProof) => change(proof)) } : json;
  };
  async function refused(why: RegExp, key = bob.signatureKey): Promise<void> {
    expect((await ann.membership.membersOf([bob.person])).get(bob.person)).toEqual([]);
    await expect(ann.membership.proofOf(bob.id, 1, key)).rejects.toMatchObject({ code: 'unverified_member' });
    expect(ann.alerts.join('\n')).toMatch(why);
    expect(ann.alertCodes().every((each) => each === 'unverified_member')).toBe(true);
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
      'is refused when only the server has certified its key',
      (proof) => signed(proof, [devices.world.online]),
      /not countersigned by the organization/,
    ],
    [
      'is refused when only the organization has signed its key',
      (proof) => signed(proof, [organization]),
      /not certified by an online key/,
    ],
    [
      'is refused when another organization key has signed its key',
      (proof) => signed(proof, [devices.world.online, testKey()]),
      /not countersigned/,
    ],
    [
      'is refused when the key of another server has certified its key',
      (proof) => signed(proof, [testKey(), organization]),
      /not certified/,
    ],
    [
      'is refused when its key was exchanged after the countersignature',
      (proof) => {
        const forged = signed(proof, [devices.world.online], { signatureKey: newSignatureKey() });
        const { signatures } = proof.certificate;
        return {
          ...forged,
          certificate: { ...forged.certificate, signatures: [...forged.certificate.signatures, ...signatures] },
        };
      },
      /not countersigned/,
    ],
    [
      'is refused when it belongs to another installation',
      (proof) => signed(proof, [devices.world.online, organization], { installation: 'ins_other' }),
      /another installation/,
    ],
    [
      'is refused when the ledger does not contain the signatures',
      (proof) => signed(proof, [devices.world.online, organization], { signatureKey: newSignatureKey() }),
      /are for another certificate/,
    ],
    [
      'is refused when the ledger entry is for another certificate',
      (proof) => ({ ...proof, certified: proof.countersigned }),
      /has the kind .*, not messaging-key.certified/,
    ],
    [
      'is refused when only one ledger entry exists',
      (proof) => ({ ...proof, countersigned: proof.certified }),
      /has the kind .*, not messaging-key.countersigned/,
    ],
    [
      'is refused when the ledger entry was forged',
      (proof) => {
        const body = proof.countersigned.body.replace(/"at":\d+/, '"at":1');
        return { ...proof, countersigned: { ...proof.countersigned, body } };
      },
      /leads to another root/,
    ],
    [
      'is refused when the ledger entry has another index',
      (proof) => ({ ...proof, certified: { ...proof.certified, index: proof.certified.index + 1 } }),
      /proof/,
    ],
    [
      'is refused when the proofs use several ledger trees',
      (proof) => ({
        ...proof,
        countersigned: { ...proof.countersigned, checkpoint: `${proof.countersigned.checkpoint}x` },
      }),
      /several ledger trees/,
    ],
  ])('%s', async (_name, change, why) => {
    lie(change);
    await refused(why);
  });

  it('is refused when the server proves another device instead', async () => {
    const other = await member('Ida');
    const [proof] = (await devices.world.membership.members({ people: [other.person], devices: [] })).members;
    ann.lies.answer = (path, json) => (path === '/device/members' ? { members: [proof] } : json);
    await refused(/its key is not confirmed by the organization/);
  });

  it('is refused beside the device with the same name', async () => {
    const forged = newSignatureKey();
    // The organization's key was misused. The key has countersigned a second key for one enrollment, and the ledger contains both
    // countersignatures.
    const rogue = await issue(bob.id, forged);
    ann.lies.answer = (path, json) => (path === '/device/members' ? { members: [rogue, rogue] } : json);
    await refused(/several messaging keys/, forged);
  });

  /** A member with both signatures and both ledger entries that the server's store does not contain. */
  async function issue(id: DeviceId, signatureKey: string): Promise<MemberProof> {
    const [proof] = (await devices.world.membership.members({ people: [], devices: [id] })).members;
    const { certificate } = signed(proof!, [devices.world.online, organization], { signatureKey });
    const { digest } = readMessagingCertificate(Buffer.from(certificate.payload, 'base64'));
    const entries: EntryDraft[] = [
      { kind: 'messaging-key.certified', at: 1, subject: id, public: { digest } },
      { kind: 'messaging-key.countersigned', at: 1, subject: id, public: { digest, keyid: organization.keyid } },
    ];
    await devices.world.database.transaction(async (tx) => {
      for (const entry of entries) await appendEntry(tx, entry);
    });
    await devices.world.ledger.sequence();
    const size = Number((await devices.world.ledger.checkpoint()).split('\n')[1]);
    const { entries: proved, checkpoint } = await devices.world.ledger.proveEntries([size - 2, size - 1]);
    const [certified, countersigned] = proved.map(({ index, body, proof: hashes }) => ({
      index,
      body: body.toString(),
      proof: hashes.map((hash) => hash.toString('base64')),
      checkpoint,
      key: devices.world.ledger.verifierKey,
    }));
    return { certificate, certified: certified!, countersigned: countersigned! };
  }

  it('raises one alert, even if the server shows it repeatedly', async () => {
    lie((proof) => signed(proof, [devices.world.online]));
    for (let at = 0; at < 3; at++) {
      ann.later(60_000);
      await ann.membership.membersOf([bob.person]);
    }
    expect(ann.alerts).toHaveLength(1);
  });

  it('is detected when the server gives a device the certificate of another key', async () => {
    const [proof] = (await devices.world.membership.members({ people: [bob.person], devices: [] })).members;
    const jay = await device('Jay');
    jay.lies.answer = () => ({ certificate: proof?.certificate, countersigned: true });
    await expect(jay.membership.handIn(jay.signatureKey)).rejects.toMatchObject({ code: 'unverified_member' });
    expect(jay.membership.own().state).toBe('unknown');
  });

  it('does not appear in a search under another person’s name', async () => {
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
