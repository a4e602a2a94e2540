/** HTTPS routes on which devices upload their messaging key and request members, over real TLS, and the frame that reports a change. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { checkGrowth, checkInclusion } from '../../shared/ledger/check-proofs.ts';
import { countersignCertificate, judgeMessagingCertificate } from '../../shared/order/messaging-certificate.ts';
import { membersResponse, messagingKeyResponse, peopleResponse } from '../../shared/protocol/device-http.ts';
import {
  ask,
  type GatewayWorld,
  openGatewayWorld,
  type TestDevice,
  TestLink,
} from '../../tests/support/gateway-world.ts';
import { messagingKey } from '../../tests/support/messaging-keys.ts';
import { personCalled } from '../../tests/support/persons.ts';
import { testKey } from '../../tests/support/signed-documents.ts';

let world: GatewayWorld;
const organization = testKey();
/** Every activation code of the test is for this person. */
const AMINA = personCalled('Amina');
beforeAll(async () => {
  world = await openGatewayWorld();
  const { ada, ben, cyd } = world.people;
  await world.approverSet([ada, ben, cyd], [ada, ben], [organization]);
  await world.ledger.start();
});
afterAll(async () => {
  expect(world.complaints).toEqual([]);
  await world.close();
});

const json = async (device: TestDevice, method: string, path: string, body?: unknown) => {
  const answer = await ask(device.tls, method, path, body === undefined ? undefined : JSON.stringify(body));
  return { status: answer.status, json: JSON.parse(answer.body) };
};
const members = async (device: TestDevice, body: object) =>
  membersResponse.parse((await json(device, 'POST', '/device/members', body)).json).members;

async function submitKey(device: TestDevice) {
  const { envelope } = messagingKey(device.id, device.signer);
  const { status, json: answer } = await json(device, 'POST', '/device/messaging-key', { envelope });
  expect(status).toBe(200);
  return messagingKeyResponse.parse(answer);
}

async function countersign(): Promise<void> {
  const query = { waiting: true, lacking: null, group: null, scope: null, cursor: null, limit: 500 };
  const { keys } = await world.membership.list(query);
  const countersignatures = keys.map(({ digest, payload }) => ({
    digest,
    keyid: organization.keyid,
    signature: countersignCertificate(organization, payload),
  }));
  expect((await world.membership.countersign(countersignatures, null)).refused).toEqual([]);
}

it('a device uploads its key, which is countersigned, found and proven', async () => {
  const device = await world.enroll();
  expect((await json(device, 'GET', '/device/messaging-key')).json).toEqual({
    certificate: null,
    countersigned: false,
  });
  expect(await submitKey(device)).toMatchObject({ countersigned: false });
  const link = await new TestLink(device.tls).hello();
  expect(await members(device, { people: [AMINA] })).toEqual([]);
  await countersign();
  expect((await link.next('members-changed')).person).toBe(AMINA);
  expect((await json(device, 'GET', '/device/messaging-key')).json.countersigned).toBe(true);
  const found = peopleResponse.parse((await json(device, 'GET', '/device/people?text=min')).json);
  expect(found).toEqual({ people: [{ person: AMINA, name: 'Amina', devices: 1 }] });
  const proofs = await members(device, { devices: [device.id] });
  expect(proofs).toHaveLength(1);
  for (const { certificate, certified, countersigned } of proofs) {
    const judged = judgeMessagingCertificate(certificate, world.orders.approverSets.current()!);
    expect([judged.certifiedBy.size, judged.countersignedBy.size]).toEqual([1, 1]);
    for (const proof of [certified, countersigned]) await checkInclusion(proof, proof.index, proof.key);
  }
  link.socket.close();
  await link.closed;
});

it('reports a revocation to sessions that requested the person, and to no others', async () => {
  const [watched, curious, other] = [await world.enroll(), await world.enroll(), await world.enroll()];
  await submitKey(watched);
  await countersign();
  const [requester, silent] = [await new TestLink(curious.tls).hello(), await new TestLink(other.tls).hello()];
  await members(curious, { people: [AMINA] });
  await world.devices.revoke(watched.id);
  expect((await requester.next('members-changed')).person).toBe(AMINA);
  expect(silent.frames.map(({ kind }) => kind)).not.toContain('members-changed');
  for (const link of [requester, silent]) {
    link.socket.close();
    await link.closed;
  }
  const again = await new TestLink(curious.tls).hello();
  world.bus.publish({ kind: 'members', people: [AMINA] });
  world.bus.publish({ kind: 'device', device: curious.id });
  await world.ledger.sequence();
  expect(again.frames.map(({ kind }) => kind)).not.toContain('members-changed');
  again.socket.close();
});

it('proves that each tree of the ledger extends each earlier one', async () => {
  const device = await world.enroll();
  const consistency = async (query: string) => (await json(device, 'GET', `/device/ledger/consistency?${query}`)).json;
  const first = await consistency('from=0');
  expect(first).toMatchObject({ from: 0, proof: [], key: world.ledger.verifierKey });
  const size = Number(first.checkpoint.split('\n')[1]);
  await submitKey(device);
  await world.ledger.sequence();
  const grown = await consistency(`from=${size}`);
  expect((await checkGrowth(grown, first.checkpoint, first.key)).size).toBeGreaterThan(size);
  // Proof between two trees that the device already has, whatever tree is the newest.
  const between = await consistency(`from=${size}&to=${size}`);
  expect((await checkGrowth({ ...between, checkpoint: first.checkpoint }, first.checkpoint, first.key)).size).toBe(
    size,
  );
  for (const query of ['', 'from=-1', 'from=x', `from=1&to=${size + 1000}`, `from=${size + 1000}`, 'from=5&to=2']) {
    expect([query, (await consistency(query)).code]).toEqual([query, expect.stringMatching(/invalid/)]);
  }
});

it('refuses an invalid body with the reason', async () => {
  const device = await world.enroll();
  const other = await world.enroll();
  for (const [method, path, body, code] of [
    ['POST', '/device/messaging-key', {}, 'invalid_input'],
    ['POST', '/device/messaging-key', { envelope: messagingKey(other.id, other.signer).envelope }, 'signature_invalid'],
    ['POST', '/device/members', {}, 'invalid_input'],
    ['POST', '/device/members', { people: ['Amina'] }, 'invalid_input'],
    ['POST', '/device/members', { people: Array(201).fill(AMINA) }, 'invalid_input'],
    ['GET', '/device/people', undefined, 'invalid_input'],
    ['GET', '/device/people?text=', undefined, 'invalid_input'],
    ['PUT', '/device/messaging-key', {}, 'not_found'],
    ['GET', '/device/messaging-key/x', undefined, 'not_found'],
  ] as const) {
    const answer = await json(device, method, path, body);
    expect([method, path, answer.json.code]).toEqual([method, path, code]);
  }
});

it('reports changes of the thousand people requested last, and forgets them after the session', async () => {
  const device = await world.enroll();
  const link = await new TestLink(device.tls).hello();
  const people = Array.from({ length: 1100 }, (_, at) => personCalled(`Person ${at}`));
  for (let from = 0; from < people.length; from += 100) {
    await members(device, { people: people.slice(from, from + 100) });
  }
  world.bus.publish({ kind: 'members', people });
  const changedPeople = () => link.frames.flatMap((frame) => (frame.kind === 'members-changed' ? [frame.person] : []));
  await expect.poll(changedPeople).toEqual(people.slice(100));
  link.socket.close();
  await link.closed;
});

it('limits a device’s requests per minute, without a limit for other devices', async () => {
  const [greedy, modest] = [await world.enroll(), await world.enroll()];
  const people = Array.from({ length: 200 }, (_, at) => personCalled(`Person ${at}`));
  const ask200 = (device: TestDevice) => json(device, 'POST', '/device/members', { people });
  for (let at = 0; at < 15; at++) expect((await ask200(greedy)).status).toBe(200);
  expect((await ask200(greedy)).json.code).toBe('rate_limited');
  expect((await ask200(modest)).status).toBe(200);
  const search = async (device: TestDevice) => (await json(device, 'GET', '/device/people?text=x')).json.code;
  for (let at = 0; at < 120; at++) expect(await search(greedy)).toBeUndefined();
  expect([await search(greedy), await search(modest)]).toEqual(['rate_limited', undefined]);
});

it('never logs the name that a user searches for, also after a failed search', async () => {
  const device = await world.enroll();
  const failing = vi.spyOn(world.membership, 'search').mockRejectedValueOnce(new Error('the disk is full'));
  expect((await json(device, 'GET', '/device/people?text=canary')).status).toBe(500);
  expect(failing).toHaveBeenCalledOnce();
  const logged = JSON.stringify(world.complaints.splice(0));
  expect(logged).toContain('/device/people');
  expect(logged).not.toContain('canary');
});
