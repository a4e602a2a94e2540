/**
 * Attacks on the members of conversations by the owner of the server and its keys: no false person reads a message, and no attack blocks a
 * conversation. Each attack causes an alert or a note that the user reads.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import { claimResponse, type MemberProof, membersResponse } from '../../shared/protocol/device-http.ts';
import { type DeviceFrame, LINK_PATH, type ServerFrame, SUBPROTOCOL } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { commitChange, epochOf, membersOf } from '../../shared/seal/conversation.ts';
import { makeKeyPackage } from '../../shared/seal/key-package.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { ChattingDevice } from '../support/chatting-device.ts';
import {
  certificateOf,
  epochAt,
  eventually,
  hostileDeliveryWorld,
  isEntry,
  kindOf,
  notes,
  personOf,
  say,
  settled,
  shown,
  start,
  stateOf,
  talk,
  texts,
  WITHIN,
} from '../support/hostile-delivery-world.ts';
import { newSignatureKey } from '../support/messaging-keys.ts';
import { testKey } from '../support/signed-documents.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 200_000 });

const { alerts, captured, enroll, hostile, lastResortOf, people, raises, revoke } = hostileDeliveryWorld();

const certificatesIn = (json: unknown) => membersResponse.parse(json).members.map(certificateOf);

describe('case 16: key packages', () => {
  it('a package that is given out twice is reported by its device, which joins the second conversation nevertheless', async () => {
    const [ada, cleo, ben] = await people('Ada', 'Cleo', 'Ben');
    let first: unknown = null;
    hostile().answer = (_device, path, json) => {
      if (path !== '/device/key-packages/claim') return json;
      first ??= json;
      return first;
    };
    await talk(ada, ben);
    const second = await start(cleo, [ben]);
    hostile().honest();
    await say(cleo, second, 'lost on him');
    await raises(ben, 'key_package_reused');
    await eventually(() => expect(stateOf(ben, second)).toBe('ready'));
    await say(cleo, second, 'found again');
    await eventually(() => expect(texts(ben, second)).toEqual(['found again']));
  });

  it('without any package, a text waits until a device can read it', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    hostile().answer = (_device, path, json) => (path === '/device/key-packages/claim' ? { packages: [] } : json);
    const conversation = await start(ada, [ben]);
    const id = await say(ada, conversation, 'for later');
    await pause(1_000);
    expect(ada.agent.messaging.message(id).state).toBe('waiting');
    hostile().honest();
    await eventually(() => expect(texts(ben, conversation)).toEqual(['for later']));
    await eventually(() => expect(ada.agent.messaging.message(id).state).toBe('delivered'));
  });

  it('the repeated package of last resort opens each conversation only to its members', async () => {
    const [ada, cleo, ben] = await people('Ada', 'Cleo', 'Ben');
    const resort = await lastResortOf(ben);
    hostile().answer = (_device, path, json) => (path === '/device/key-packages/claim' ? { packages: [resort] } : json);
    const [one, two] = [await start(ada, [ben]), await start(cleo, [ben])];
    await say(ada, one, 'from Ada');
    await say(cleo, two, 'from Cleo');
    await eventually(() => expect([texts(ben, one), texts(ben, two)]).toEqual([['from Ada'], ['from Cleo']]));
    expect(await alerts(ben)).toEqual([]);
  });

  it('a package with an unconfirmed key adds no device, and is reported', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const key = await makeSigningKey();
    const { publicPackage } = await makeKeyPackage(
      { device: ben.device, generation: 1, key },
      { now: Date.now(), lastResort: false },
    );
    hostile().answer = (_device, path, json) => {
      if (path !== '/device/key-packages/claim') return json;
      const { packages } = claimResponse.parse(json);
      return { packages: packages.map((one) => ({ ...one, body: Buffer.from(publicPackage).toString('base64') })) };
    };
    const conversation = await start(ada, [ben]);
    await say(ada, conversation, 'for Ben alone');
    await raises(ada, 'unverified_member');
    hostile().honest();
    await eventually(() => expect(texts(ben, conversation)).toEqual(['for Ben alone']));
  });
});

describe('case 17: a forged member', () => {
  const FORGERIES: readonly [string, (given: { online: Signer; of: object }) => MemberProof['certificate']][] = [
    [
      'with only the server’s signature',
      ({ of, online }) => signEnvelope(PAYLOAD_TYPES.messagingCertificate, encodeCanonical(of), [online]),
    ],
    [
      'with the signature of an unknown organization key',
      ({ of, online }) => signEnvelope(PAYLOAD_TYPES.messagingCertificate, encodeCanonical(of), [online, testKey()]),
    ],
    [
      'under the name of another person',
      ({ of, online }) =>
        signEnvelope(PAYLOAD_TYPES.messagingCertificate, encodeCanonical({ ...of, name: 'Another person' }), [online]),
    ],
  ];
  it.each(FORGERIES)('%s reads nothing, and is reported', async (_, forge) => {
    const [ada, ben, ghost] = await people('Ada', 'Ben', 'Ghost');
    const online = captured().keys().online;
    hostile().answer = (device, path, json) => {
      if (device !== ada.device || path !== '/device/members') return json;
      const { members } = membersResponse.parse(json);
      const ghosts = members.flatMap((proof): MemberProof[] => {
        const certificate = certificateOf(proof);
        if (certificate.person !== personOf(ben)) return [];
        const of = { ...certificate, device: ghost.device, signatureKey: newSignatureKey() };
        return [{ ...proof, certificate: forge({ online, of }) }];
      });
      return { members: [...members, ...ghosts] };
    };
    const conversation = await talk(ada, ben);
    await raises(ada, 'unverified_member');
    expect(stateOf(ghost, conversation)).toBeUndefined();
    expect(texts(ben, conversation)).toEqual(['first']);
  });

  it('added by a modified client is refused by all, and the conversation continues in a new one at the next change', async () => {
    const [ada, ben, mallory] = await people('Ada', 'Ben', 'Mallory');
    const conversation = await talk(ada, ben, mallory);
    await commitsGhost(mallory, conversation, [ada.device, ben.device]);
    for (const device of [ada, ben]) {
      await raises(device, 'unverified_member');
      await eventually(() =>
        expect(notes(device, conversation).at(-1)).toMatch(/Mallory.*is not allowed.*continues in a new one/s),
      );
    }
    // Ada and Ben can still write to each other.
    await say(ada, conversation, 'did you see that?');
    await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('did you see that?'));
    const second = await enroll(ada.name);
    const successor = await successorOf([ada, ben], conversation);
    await eventually(() => expect(stateOf(second, successor)).toBe('ready'));
    // A message to the old conversation goes to its successor, and reaches the device that could not join the old one.
    await say(ben, conversation, 'here we are');
    for (const device of [ada, second])
      await eventually(() => expect(texts(device, successor).at(-1)).toBe('here we are'));
    for (const device of [ada, ben]) {
      expect(notes(device, conversation)).toContainEqual(
        expect.stringMatching(/continues in a new one with the same people/),
      );
      expect(notes(device, successor)).toContainEqual(expect.stringMatching(/continues “Plans”/));
      expect(texts(device, conversation)).toEqual(['first', 'did you see that?']);
    }
    // The successor removes a revoked member too, who then receives no further message.
    await revoke(mallory);
    const members = async () => {
      const held = (await ben.records()).group(successor);
      return held ? membersOf(held).map(({ device }) => device) : [];
    };
    await eventually(async () => expect(await members()).not.toContain(mallory.device));
    await say(ben, successor, 'without her');
    await eventually(() => expect(texts(ada, successor).at(-1)).toBe('without her'));
  });

  it('added by the only other member ends the conversation without a successor', async () => {
    const [ada, mallory] = await people('Ada', 'Mallory');
    const conversation = await talk(ada, mallory);
    expect(await start(ada, [mallory], null)).toBe(conversation);
    await commitsGhost(mallory, conversation, [ada.device]);
    await raises(ada, 'unverified_member');
    expect(await start(ada, [mallory], null)).not.toBe(conversation);
  });
});

describe('case 18: a conversation under a blocking attack', () => {
  it('is not blocked by a stranger who knows its id and claims 200 epochs', async () => {
    const [ada, ben, cleo, eve] = await people('Ada', 'Ben', 'Cleo', 'Eve');
    const conversation = await talk(ada, ben);
    await eve.agent.stop();
    const claims = Array.from({ length: 200 }, (_, index) => ({
      kind: 'post' as const,
      id: crypto.randomUUID(),
      to: [ada.device],
      keep: true,
      expires: null,
      commit: { conversation, epoch: index + 1, add: [{ device: eve.device, generation: 1 }], remove: [] },
      body: Buffer.from('nothing').toString('base64'),
    }));
    const answers = await postAll(eve, claims);
    expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(['blocked']));
    await ada.agent.messaging.addPeople(conversation, [personOf(cleo)]);
    await eventually(() => expect(stateOf(cleo, conversation)).toBe('ready'));
    await say(ben, conversation, 'all three');
    await eventually(() => expect(texts(cleo, conversation)).toEqual(['all three']));
    expect(notes(ben, conversation)).toEqual([expect.stringMatching(/added Cleo/)]);
  });

  it('continues in a new one with an alert and a note, after the server has lost it', async () => {
    const [ada, ben, cleo] = await people('Ada', 'Ben', 'Cleo');
    const conversation = await talk(ada, ben, cleo);
    for (const device of [ada, ben, cleo]) await settled(device);
    // The state after a restore of an older copy of the store.
    await captured().edit(async ({ db }) => {
      await db.deleteFrom('conversation_members').where('conversation', '=', conversation).execute();
      await db.deleteFrom('conversations').where('conversation', '=', conversation).execute();
    });
    const second = await enroll(ben.name);
    const successor = await successorOf([ada, ben, cleo], conversation);
    await eventually(() => expect(stateOf(second, successor)).toBe('ready'));
    const all = [...(await alerts(ada)), ...(await alerts(ben)), ...(await alerts(cleo))];
    expect(all).toContain('conversation_blocked');
    await say(ada, conversation, 'on we go');
    for (const device of [ben, cleo, second])
      await eventually(() => expect(texts(device, successor).at(-1)).toBe('on we go'));
    for (const device of [ada, ben, cleo])
      expect(notes(device, successor)).toContainEqual(expect.stringMatching(/continues “Plans”/));
  });

  it('excludes a member that blocks the successor too from the next one', async () => {
    const [ada, ben, mallory] = await people('Ada', 'Ben', 'Mallory');
    const first = await talk(ada, ben, mallory);
    await commitsGhost(mallory, first, [ada.device, ben.device]);
    for (const device of [ada, ben]) await raises(device, 'unverified_member');
    await mallory.reopen();
    await enroll(ada.name);
    const second = await successorOf([ada, ben], first);
    await eventually(() => expect(stateOf(mallory, second)).toBe('ready'));
    await eventually(async () => expect((await membersIn(ada, second)).size).toBe(4));
    await eventually(async () => expect(await epochAt(mallory, second)).toBe(await epochAt(ada, second)));
    const others = [...(await membersIn(mallory, second))].filter((device) => device !== mallory.device);
    await commitsGhost(mallory, second, others);
    for (const device of [ada, ben])
      await eventually(async () =>
        expect((await device.records()).conversation(second)?.unchangeableInEpoch).toBeDefined(),
      );
    await enroll(ben.name);
    const third = await successorOf([ada, ben], second);
    await eventually(async () => expect((await membersIn(ada, third)).size).toBe(4));
    expect(await membersIn(ada, third)).not.toContain(mallory.device);
    await say(ben, first, 'without her');
    await eventually(() => expect(texts(ada, third).at(-1)).toBe('without her'));
    expect(stateOf(mallory, third)).toBeUndefined();
  });
});

it('case 18: two accepted commits for one epoch separate their authors, who see a note about it', async () => {
  const [ada, ben, cleo] = await people('Ada', 'Ben', 'Cleo');
  const conversation = await talk(ada, ben);
  await settled(ben);
  const both = new Set([ada.device, ben.device]);
  // Both members add the third, Cleo. Neither member receives the other's commit.
  hostile().frame = (device, frame) => {
    if (frame.kind === 'posted' && frame.outcome === 'superseded') return [{ ...frame, outcome: 'accepted' }];
    return both.has(device) && isEntry(frame) && kindOf(frame) === 'commit' ? [] : [frame];
  };
  await Promise.all([ada, ben].map(({ agent }) => agent.messaging.addPeople(conversation, [personOf(cleo)])));
  await Promise.all([ada, ben].map(settled));
  await Promise.all([say(ada, conversation, 'of Ada'), say(ben, conversation, 'of Ben')]);
  const parted = await until(
    async () => {
      const heard = [ada, ben].filter((device) =>
        notes(device, conversation).some((note) => /could not be decrypted/.test(note)),
      );
      const lost = [ada, ben].filter((device) => stateOf(device, conversation) !== 'ready');
      if (heard.length + lost.length === 0) throw new Error('nobody has noticed');
      return [...heard, ...lost];
    },
    WITHIN,
    200,
  );
  for (const device of parted) {
    await eventually(async () => {
      const codes = await alerts(device);
      expect(codes).toContainEqual(expect.stringMatching(/^(message_damaged|conversation_lost|commit_refused)$/));
    });
  }
  // Each shown message has its true sender.
  for (const device of [ada, ben, cleo]) {
    for (const message of shown(device, conversation).filter(({ from }) => from !== null)) {
      expect(message.text === 'first' || message.text === `of ${message.from?.name.split(' ')[0]}`).toBe(true);
    }
  }
});

it('a hostile server can keep a revoked device among the members (SECURITY.md), until it is honest again', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  const second = await enroll(ben.name);
  const conversation = await talk(ada, ben, second);
  // The server tells no device that this device's session and certificate have ended.
  const kept = new Map<string, unknown>();
  hostile().answer = (device, path, json) => {
    if (path !== '/device/members') return json;
    if (certificatesIn(json).some((one) => one.device === second.device)) kept.set(device, json);
    return kept.get(device) ?? json;
  };
  hostile().frame = (_device, frame) => {
    if (frame.kind === 'members-changed') return [];
    if (frame.kind !== 'posted') return [frame];
    const recipients = frame.recipients.map((one) => ({ ...one, outcome: 'stored' as const }));
    return [{ ...frame, recipients }];
  };
  for (const { device } of [ada, ben]) hostile().tell(device, { kind: 'members-changed', person: personOf(ben) });
  await eventually(() => expect(kept.size).toBe(2));
  await revoke(second);
  const leaves = async () => {
    const held = (await ada.records()).group(conversation);
    return held ? membersOf(held).map(({ device }) => device) : [];
  };
  await say(ada, conversation, 'nobody has heard of it');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('nobody has heard of it'));
  expect(await leaves()).toContain(second.device);
  hostile().honest();
  // A verified member stays in the cache for a minute. A report of a change ends that.
  for (const { device } of [ada, ben]) hostile().tell(device, { kind: 'members-changed', person: personOf(ben) });
  await eventually(async () => expect(await leaves()).not.toContain(second.device));
  await say(ada, conversation, 'without it');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('without it'));
  expect(texts(second, conversation)).not.toContain('without it');
});

/** Id of the conversation with which all these devices have replaced this one. */
async function successorOf(devices: readonly ChattingDevice[], conversation: string): Promise<string> {
  const next = async (device: ChattingDevice) => (await device.records()).conversation(conversation)?.next;
  return await until(
    async () => {
      const all = new Set(await Promise.all(devices.map(next)));
      const [one] = all;
      if (all.size !== 1 || one === undefined) throw new Error('they do not go on in one and the same');
      return one;
    },
    WITHIN,
    100,
  );
}

async function membersIn(device: ChattingDevice, conversation: string): Promise<Set<DeviceId>> {
  const held = (await device.records()).group(conversation);
  return new Set(held ? membersOf(held).map((leaf) => leaf.device) : []);
}

/** Commits a forged member with a modified client, while the member's agent is stopped. The server accepts the post. */
async function commitsGhost(mallory: ChattingDevice, conversation: string, to: readonly DeviceId[]): Promise<void> {
  await mallory.agent.stop();
  const held = (await mallory.records()).group(conversation);
  if (!held) throw new Error('she is not in it');
  const [of] = to;
  if (!of) throw new Error('nobody else is');
  const key = await makeSigningKey();
  const ghost = await makeKeyPackage({ device: of, generation: 9, key }, { now: Date.now(), lastResort: false });
  const anybody = { now: Date.now(), authenticate: async () => true };
  const made = await commitChange(held, { add: [ghost.publicPackage], remove: [] }, anybody);
  const commit = { conversation, epoch: epochOf(held), add: [], remove: [] };
  const body = Buffer.from(made.commit).toString('base64');
  const frame = {
    kind: 'post' as const,
    id: crypto.randomUUID(),
    to: [...to],
    keep: true,
    commit,
    expires: null,
    body,
  };
  expect(await post(mallory, frame)).toMatchObject({ outcome: 'accepted' });
}

type Posted = Extract<ServerFrame, { kind: 'posted' }>;

/** Connects as the device, with a client that is not our agent. */
async function post(device: ChattingDevice, frame: Post): Promise<Posted> {
  const [answer] = await postAll(device, [frame]);
  if (!answer) throw new Error('no answer came');
  return answer;
}

type Post = Extract<DeviceFrame, { kind: 'post' }>;

/** Sends in batches, because the server closes a session that sends more at once. */
async function postAll(device: ChattingDevice, frames: readonly Post[]): Promise<Posted[]> {
  const read = (name: string) => readFileSync(join(device.folder, 'identity', name), 'utf8');
  const tls = { ca: read('root.pem'), key: read('key.pem'), cert: read('chain.pem') };
  const socket = new WebSocket(`wss://127.0.0.1:${captured().ports.device}${LINK_PATH}`, SUBPROTOCOL, tls);
  await once(socket, 'open');
  const answers: Posted[] = [];
  socket.on('message', (data) => {
    const heard: ServerFrame = JSON.parse(data.toString());
    if (heard.kind === 'posted') answers.push(heard);
  });
  socket.send(JSON.stringify({ kind: 'hello', agent: '0', list: 0, record: 0, approverSet: 0 }));
  for (let sentFrames = 0; sentFrames < frames.length; sentFrames += 10) {
    for (const frame of frames.slice(sentFrames, sentFrames + 10)) socket.send(JSON.stringify(frame));
    const expected = Math.min(frames.length, sentFrames + 10);
    await until(() => expect(answers).toHaveLength(expected), WITHIN, 5);
  }
  socket.close();
  return answers;
}
