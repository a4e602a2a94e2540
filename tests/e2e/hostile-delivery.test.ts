/**
 * Real agents against the real server, whose owner changes the data that leaves it. The owner of the server and its keys can show users no
 * false message, person or history. Each attack causes an alert or a note that the user reads.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { statusLines } from '../../agent/view.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { consistencyView } from '../../shared/api/ledger.ts';
import { originOf } from '../../shared/ledger/checkpoint.ts';
import { consistencyProof, inclusionProof } from '../../shared/ledger/merkle.ts';
import { ed25519FromSpki, signCheckpoint } from '../../shared/ledger/sign-checkpoint.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope } from '../../shared/order/dsse.ts';
import { readMessagingCertificate } from '../../shared/order/messaging-certificate.ts';
import { claimAnswer, type MemberProof, membersAnswer } from '../../shared/protocol/device-http.ts';
import {
  type DeviceFrame,
  LARGEST_SEALED,
  LINK_PATH,
  type ServerFrame,
  SUBPROTOCOL,
} from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { commitChange, epochOf, membersOf } from '../../shared/seal/conversation.ts';
import { makeKeyPackage } from '../../shared/seal/key-package.ts';
import { peek } from '../../shared/seal/message.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import { LARGEST_GAP } from '../../shared/seal/suite.ts';
import { type Captured, openCaptured } from '../support/captured-server.ts';
import { type ChangedServer, changeServer } from '../support/changed-server.ts';
import { type ChattingDevice, openChattingDevice } from '../support/chatting-device.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { grow } from '../support/grown-tree.ts';
import { newSignatureKey } from '../support/messaging-keys.ts';
import { foundOrganization } from '../support/organization.ts';
import { testKey } from '../support/signed-documents.ts';
import { until } from '../support/until.ts';

type Mail = Extract<ServerFrame, { kind: 'mail' }>;

vi.setConfig({ testTimeout: 200_000 });

const folder = mkdtempSync(join(tmpdir(), 'cordon-hostile-'));
const WITHIN = 60_000;
let captured: Captured;
let hostile: ChangedServer;
let group: string;
let stopCountersigning: () => Promise<void>;
const devices: ChattingDevice[] = [];
let count = 0;

beforeAll(async () => {
  hostile = changeServer();
  captured = await openCaptured(Date.now());
  const { operator } = captured;
  group = await operator.group('embassies', 'SE');
  stopCountersigning = (await foundOrganization(operator.owner, operator.approvers)).keepCountersigning();
}, 60_000);
afterEach(async () => {
  hostile.honest();
  for (const device of devices.splice(0)) await device.close();
});
afterAll(async () => {
  await stopCountersigning?.();
  await captured?.remove();
  hostile.restore();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function enroll(name: string): Promise<ChattingDevice> {
  const { link } = await captured.operator.code({ user: name, group });
  const own = join(folder, `device-${count++}`);
  const device = await openChattingDevice({
    name,
    folder: own,
    link,
    patience: 1_500,
    wall: () => captured.clock.now(),
  });
  devices.push(device);
  await eventually(() => expect(device.agent.messaging.state().state).toBe('ready'));
  return device;
}
const eventually = (check: () => void | Promise<void>) => until(check, WITHIN, 100);
/** Devices of people whose names no other test uses. */
async function people<const N extends readonly string[]>(...names: N): Promise<{ [K in keyof N]: ChattingDevice }> {
  const test = count++;
  const made = await Promise.all(names.map((name) => enroll(`${name} ${test}`)));
  return made as { [K in keyof N]: ChattingDevice };
}
function personOf({ agent }: ChattingDevice): string {
  const state = agent.messaging.state();
  if (state.state !== 'ready') throw new Error(`the device is ${state.state}`);
  return state.person;
}
const start = ({ agent }: ChattingDevice, others: readonly ChattingDevice[], title: string | null = null) =>
  agent.messaging.start({ people: others.map(personOf), title });
const say = ({ agent }: ChattingDevice, conversation: string, text: string) =>
  agent.messaging.send(conversation, { text, attachments: [] });
/** Resolves after the server's response. */
async function sent(from: ChattingDevice, conversation: string, text: string): Promise<string> {
  const id = await say(from, conversation, text);
  await eventually(() => expect(from.agent.messaging.message(id).state).toBe('sent'));
  return id;
}
const stateOf = ({ agent }: ChattingDevice, conversation: string) =>
  agent.messaging.conversations().find(({ id }) => id === conversation)?.state;
const shown = ({ agent }: ChattingDevice, conversation: string) =>
  stateOf({ agent } as ChattingDevice, conversation) ? agent.messaging.messages(conversation, { limit: 200 }) : [];
const texts = (device: ChattingDevice, conversation: string) =>
  shown(device, conversation).flatMap(({ from, text }) => (from ? [text] : []));
/** Notes, which have no sender. */
const notes = (device: ChattingDevice, conversation: string) =>
  shown(device, conversation).flatMap(({ from, text }) => (from ? [] : [text]));
const alerts = async ({ device }: ChattingDevice) => (await captured.alerts(device)).map(({ code }) => code);
const raises = (device: ChattingDevice, code: string) =>
  eventually(async () => expect(await alerts(device)).toContain(code));
const epochAt = async (device: ChattingDevice, conversation: string) => {
  const held = (await device.records()).group(conversation);
  return held ? epochOf(held) : -1;
};
const settled = ({ store, device }: ChattingDevice) =>
  eventually(() => expect(store.device(device).messaging.countPosts()).toBe(0));

/** A conversation of these devices, all of which have joined and read the first message. */
async function talk(first: ChattingDevice, ...others: readonly ChattingDevice[]): Promise<string> {
  const conversation = await start(first, others, others.length > 1 ? 'Plans' : null);
  await say(first, conversation, 'first');
  for (const device of others) await eventually(() => expect(texts(device, conversation)).toEqual(['first']));
  await settled(first);
  return conversation;
}

const certificateOf = ({ certificate }: MemberProof) =>
  readMessagingCertificate(Buffer.from(certificate.payload, 'base64')).certificate;
const certificatesIn = (json: unknown) => membersAnswer.parse(json).members.map(certificateOf);

const isMail = (frame: ServerFrame): frame is Mail => frame.kind === 'mail';
/** The kind of the content of a mail. */
function kindOf({ item }: Mail): string {
  if (item.type !== 'post') return item.type;
  const bytes = Buffer.from(item.body, 'base64');
  return bytes[0] === 0x7b ? 'request' : peek(bytes).type;
}
const again = ({ seq, item }: Mail, body = item.type === 'post' ? item.body : ''): Mail => ({
  ...{ kind: 'mail', seq: seq + 1 },
  item: item.type === 'post' ? { ...item, id: crypto.randomUUID(), body } : item,
});

describe('case 16: key packages', () => {
  it('one that is given out twice is reported by its device, which joins the second conversation nevertheless', async () => {
    const [ada, cleo, ben] = await people('Ada', 'Cleo', 'Ben');
    let first: unknown = null;
    hostile.answer = (_device, path, json) => {
      if (path !== '/device/key-packages/claim') return json;
      first ??= json;
      return first;
    };
    await talk(ada, ben);
    const second = await start(cleo, [ben]);
    hostile.honest();
    await say(cleo, second, 'lost on him');
    await raises(ben, 'key_package_reused');
    await eventually(() => expect(stateOf(ben, second)).toBe('ready'));
    await say(cleo, second, 'found again');
    await eventually(() => expect(texts(ben, second)).toEqual(['found again']));
  });

  it('without any, a text waits until a device can read it', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    hostile.answer = (_device, path, json) => (path === '/device/key-packages/claim' ? { packages: [] } : json);
    const conversation = await start(ada, [ben]);
    const id = await say(ada, conversation, 'for later');
    await pause(1_000);
    expect(ada.agent.messaging.message(id).state).toBe('waiting');
    hostile.honest();
    await eventually(() => expect(texts(ben, conversation)).toEqual(['for later']));
    await eventually(() => expect(ada.agent.messaging.message(id).state).toBe('delivered'));
  });

  it('the repeated package of last resort opens each conversation only to its members', async () => {
    const [ada, cleo, ben] = await people('Ada', 'Cleo', 'Ben');
    const resort = await lastResortOf(ben);
    hostile.answer = (_device, path, json) => (path === '/device/key-packages/claim' ? { packages: [resort] } : json);
    const [one, two] = [await start(ada, [ben]), await start(cleo, [ben])];
    await say(ada, one, 'from Ada');
    await say(cleo, two, 'from Cleo');
    await eventually(() => expect([texts(ben, one), texts(ben, two)]).toEqual([['from Ada'], ['from Cleo']]));
    expect(await alerts(ben)).toEqual([]);
  });

  it('one with an unconfirmed key adds no device, and is reported', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const key = await makeSigningKey();
    const { publicPackage } = await makeKeyPackage(
      { device: ben.device, generation: 1, key },
      { now: Date.now(), lastResort: false },
    );
    hostile.answer = (_device, path, json) => {
      if (path !== '/device/key-packages/claim') return json;
      const { packages } = claimAnswer.parse(json);
      return { packages: packages.map((one) => ({ ...one, body: Buffer.from(publicPackage).toString('base64') })) };
    };
    const conversation = await start(ada, [ben]);
    await say(ada, conversation, 'for Ben alone');
    await raises(ada, 'unverified_member');
    hostile.honest();
    await eventually(() => expect(texts(ben, conversation)).toEqual(['for Ben alone']));
  });
});

/** The package of last resort. */
function lastResortOf({ device }: ChattingDevice) {
  return captured.edit(async ({ db }) => {
    const found = db.selectFrom('key_packages').select(['generation', 'body']).where('device_id', '=', device);
    const { generation, body } = await found.where('last_resort', '=', 1).executeTakeFirstOrThrow();
    return { device, generation, body, lastResort: true };
  });
}

describe('case 17: a ghost', () => {
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
        signEnvelope(PAYLOAD_TYPES.messagingCertificate, encodeCanonical({ ...of, name: 'Somebody else' }), [online]),
    ],
  ];
  it.each(FORGERIES)('%s reads nothing, and is reported', async (_, forge) => {
    const [ada, ben, ghost] = await people('Ada', 'Ben', 'Ghost');
    const online = captured.keys().online;
    hostile.answer = (device, path, json) => {
      if (device !== ada.device || path !== '/device/members') return json;
      const { members } = membersAnswer.parse(json);
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
    // The two still write to each other.
    await say(ada, conversation, 'did you see that?');
    await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('did you see that?'));
    const second = await enroll(ada.name);
    const successor = await successorOf([ada, ben], conversation);
    await eventually(() => expect(stateOf(second, successor)).toBe('ready'));
    // A message to the old conversation goes to the new one, and reaches the device that could not join.
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
    // The successor removes a revoked member too, who then receives nothing more.
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

/** The conversation in which all of these go on with this one. */
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

describe('case 18: a conversation under a blocking attack', () => {
  it('is not blocked by a stranger who knows its id and claims 200 epochs', async () => {
    const [ada, ben, cleo, eve] = await people('Ada', 'Ben', 'Cleo', 'Eve');
    const conversation = await talk(ada, ben);
    await eve.agent.stop();
    const claims = Array.from({ length: 200 }, (_, index) => ({
      ...{ kind: 'post' as const, id: crypto.randomUUID(), to: [ada.device], keep: true, expires: null },
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
    await captured.edit(async ({ db }) => {
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
      await eventually(async () => expect((await device.records()).conversation(second)?.refusedIn).toBeDefined());
    await enroll(ben.name);
    const third = await successorOf([ada, ben], second);
    await eventually(async () => expect((await membersIn(ada, third)).size).toBe(4));
    expect(await membersIn(ada, third)).not.toContain(mallory.device);
    await say(ben, first, 'without her');
    await eventually(() => expect(texts(ada, third).at(-1)).toBe('without her'));
    expect(stateOf(mallory, third)).toBeUndefined();
  });
});

async function membersIn(device: ChattingDevice, conversation: string): Promise<Set<DeviceId>> {
  const held = (await device.records()).group(conversation);
  return new Set(held ? membersOf(held).map((leaf) => leaf.device) : []);
}

/** Posts as a modified client while the agent is stopped. The server accepts the post. */
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

async function revoke({ device }: ChattingDevice): Promise<void> {
  const { operator } = captured;
  await operator.as(operator.owner, 'POST', `/devices/${device}/revoke`, z.unknown(), {});
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
  const socket = new WebSocket(`wss://127.0.0.1:${captured.ports.device}${LINK_PATH}`, SUBPROTOCOL, tls);
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

it('case 18: two accepted commits for one epoch separate their authors, who see a note about it', async () => {
  const [ada, ben, cleo] = await people('Ada', 'Ben', 'Cleo');
  const conversation = await talk(ada, ben);
  await settled(ben);
  const both = new Set([ada.device, ben.device]);
  // The first member adds the third. Neither member receives the other's commit.
  hostile.frame = (device, frame) => {
    if (frame.kind === 'posted' && frame.outcome === 'superseded') return [{ ...frame, outcome: 'accepted' }];
    return both.has(device) && isMail(frame) && kindOf(frame) === 'commit' ? [] : [frame];
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

describe('case 19: a hostile delivery service', () => {
  it('that reorders, repeats and changes messages is reported, and no user sees a repeated or false message', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const conversation = await talk(ada, ben);
    const held: Mail[] = [];
    hostile.frame = (device, frame) => {
      if (device !== ben.device || !isMail(frame) || kindOf(frame) !== 'content') return [frame];
      held.push(frame);
      return [];
    };
    for (const text of ['one', 'two', 'three']) await sent(ada, conversation, text);
    await eventually(() => expect(held).toHaveLength(3));
    hostile.honest();
    const [first] = held;
    if (first?.item.type !== 'post') throw new Error('nothing was held');
    for (const mail of held.toReversed()) hostile.tell(ben.device, mail);
    await eventually(() => expect(texts(ben, conversation)).toEqual(['first', 'three', 'two', 'one']));
    await raises(ben, 'message_late');
    expect(notes(ben, conversation)).toContainEqual(
      expect.stringMatching(/A message from Ada \d+ arrived late\. The time beside each message shows when/),
    );
    hostile.tell(ben.device, again(first));
    await raises(ben, 'message_replayed');
    const damaged = Buffer.from(first.item.body, 'base64');
    damaged[damaged.length - 1]! ^= 1;
    hostile.tell(ben.device, again(first, damaged.toString('base64')));
    hostile.tell(ben.device, again(first, Buffer.from(first.item.body, 'base64').subarray(0, 40).toString('base64')));
    await raises(ben, 'message_malformed');
    await say(ada, conversation, 'four');
    await eventually(() => expect(texts(ben, conversation)).toHaveLength(5));
  });

  it('that drops a message is reported by the sender’s device, and both users see a note', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const conversation = await talk(ada, ben);
    await settled(ben);
    hostile.frame = (device, frame) => (device === ben.device && isMail(frame) ? [] : [frame]);
    const lost = await sent(ada, conversation, 'dropped');
    hostile.frame = (device, frame) => {
      // The frame that states that nothing else waits.
      if (device === ben.device && isMail(frame) && frame.item.id === lost) return [];
      return [frame];
    };
    const after = await say(ada, conversation, 'after it');
    await eventually(() => expect(ada.agent.messaging.message(after).state).toBe('delivered'));
    expect(texts(ben, conversation)).not.toContain('dropped');
    expect(ada.agent.messaging.message(lost).state).toBe('sent');
    await raises(ada, 'message_missing');
    expect(notes(ben, conversation)).toEqual([
      expect.stringMatching(/A message from Ada \d+ did not arrive on this device.*ask Ada \d+ to send it again/),
    ]);
    expect(notes(ada, conversation)).toEqual([
      expect.stringMatching(/did not arrive on a device of Ben.*Send it again/),
    ]);
  });

  it('that repeats a welcome does not bring a device back into a conversation', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const resort = await lastResortOf(ben);
    hostile.answer = (_device, path, json) => (path === '/device/key-packages/claim' ? { packages: [resort] } : json);
    let welcome: Mail | null = null;
    hostile.frame = (device, frame) => {
      if (device === ben.device && isMail(frame) && kindOf(frame) === 'welcome') welcome = frame;
      return [frame];
    };
    const conversation = await talk(ada, ben);
    await ben.agent.messaging.leave(conversation);
    await settled(ben);
    if (!welcome) throw new Error('no welcome came');
    hostile.tell(ben.device, again(welcome));
    await raises(ben, 'welcome_replayed');
    expect(stateOf(ben, conversation)).toBe('left');
  });
});

it('case 20: a server that claims higher counters makes a device reset its states and rejoin', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  const conversation = await talk(ada, ben);
  await settled(ben);
  const states: (string | undefined)[] = [];
  ben.agent.messaging.onChange(() => states.push(stateOf(ben, conversation)));
  hostile.tell(ben.device, { kind: 'mailbox-is', taken: 5_000, posts: 5_000 });
  await eventually(() => expect(states).toContain('rejoining'));
  await eventually(() => expect(stateOf(ben, conversation)).toBe('ready'));
  await say(ada, conversation, 'welcome back');
  await eventually(() => expect(texts(ben, conversation)).toEqual(['first', 'welcome back']));
});

it('case 22: a device without a withheld commit reports the gap and rejoins', async () => {
  const [ada, ben, cleo] = await people('Ada', 'Ben', 'Cleo');
  const conversation = await talk(ada, ben);
  await settled(ben);
  hostile.frame = (device, frame) =>
    device === ben.device && isMail(frame) && kindOf(frame) === 'commit' ? [] : [frame];
  await ada.agent.messaging.addPeople(conversation, [personOf(cleo)]);
  await eventually(() => expect(stateOf(cleo, conversation)).toBe('ready'));
  await say(ada, conversation, 'lost on him');
  await raises(ben, 'conversation_lost');
  hostile.honest();
  await eventually(() => expect(stateOf(ben, conversation)).toBe('ready'));
  await say(ada, conversation, 'found again');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('found again'));
});

it('case 22: after more lost messages than the largest gap, the user sees their number, and later messages are read', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  let known: Mail | null = null;
  hostile.frame = (device, frame) => {
    if (device === ben.device && isMail(frame)) known = frame;
    return [frame];
  };
  const conversation = await talk(ada, ben);
  await settled(ben);
  let lost = 0;
  // Each item is replaced by an earlier one, so that the numbers continue and nothing is repeated later.
  hostile.frame = (device, frame) => {
    if (device !== ben.device || !isMail(frame) || lost > LARGEST_GAP) return [frame];
    lost += 1;
    return known ? [{ ...frame, item: known.item }] : [];
  };
  for (let n = 0; n <= LARGEST_GAP; n += 1) await say(ada, conversation, `lost ${n}`);
  await until(() => expect(lost).toBe(LARGEST_GAP + 1), WITHIN, 100);
  await say(ada, conversation, 'the first that comes');
  await raises(ben, 'conversation_lost');
  const [note, ...more] = notes(ben, conversation);
  expect(note).toMatch(/^1001 messages from Ada \d+ did not arrive\..*Ask them to repeat what you missed\.$/);
  expect(more).toEqual([]);
  await eventually(() => expect(stateOf(ben, conversation)).toBe('ready'));
  await say(ada, conversation, 'found again');
  await eventually(() => expect(texts(ben, conversation)).toEqual(['first', 'found again']));
  await say(ben, conversation, 'what did you say?');
  await eventually(() => expect(texts(ada, conversation).at(-1)).toBe('what did you say?'));
}, 600_000);

describe('a text that arrives after the deletion of its keys', () => {
  it('is reported to its recipient with its sender, and the next one is read', async () => {
    const [ada, ben, cleo] = await people('Ada', 'Ben', 'Cleo');
    const conversation = await talk(ada, ben, cleo);
    for (const device of [ada, ben, cleo]) await settled(device);
    const held: Mail[] = [];
    hostile.frame = (device, frame) => {
      if (device !== ben.device || !isMail(frame) || held.length > 0 || kindOf(frame) !== 'content') return [frame];
      held.push(frame);
      return [];
    };
    const late = await say(ada, conversation, 'five changes late');
    await eventually(() => expect(held).toHaveLength(1));
    // Each new device of Ada's changes the group.
    for (let n = 0; n < 5; n += 1) {
      const before = await epochAt(ben, conversation);
      await enroll(ada.name);
      await eventually(async () => expect(await epochAt(ben, conversation)).toBeGreaterThan(before));
    }
    for (const mail of held) hostile.tell(ben.device, again(mail));
    await raises(ben, 'epoch_past');
    await eventually(() =>
      expect(notes(ben, conversation)).toContainEqual(
        expect.stringMatching(/in the name of Ada \d+, arrived too late to be decrypted.*ask Ada \d+ to send it again/),
      ),
    );
    expect(texts(ben, conversation)).not.toContain('five changes late');
    expect(ada.agent.messaging.message(late).state).toBe('sent');
    await say(ada, conversation, 'five changes late, again');
    await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('five changes late, again'));
  });
});

it('a text that arrives after the removal of its sender is not shown, and its reader sees a note', async () => {
  const [ada, ben, cleo] = await people('Ada', 'Ben', 'Cleo');
  const conversation = await talk(ada, ben, cleo);
  for (const device of [ada, ben, cleo]) await settled(device);
  const held: Mail[] = [];
  hostile.frame = (device, frame) => {
    if (device !== ben.device || !isMail(frame) || held.length > 0 || kindOf(frame) !== 'content') return [frame];
    held.push(frame);
    return [];
  };
  await say(cleo, conversation, 'kept back until I was gone');
  await eventually(() => expect(held).toHaveLength(1));
  const before = await epochAt(ben, conversation);
  await revoke(cleo);
  await eventually(async () => expect(await epochAt(ben, conversation)).toBeGreaterThan(before));
  for (const mail of held) hostile.tell(ben.device, again(mail));
  await eventually(() => expect(notes(ben, conversation).at(-1)).toMatch(/removed from this conversation.*not shown/));
  expect(texts(ben, conversation)).toEqual(['first']);
});

describe('case 21: truncated and oversized data', () => {
  it('in messages is reported to the recipient, uses no space, and later messages are read', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    let sealed: Mail | null = null;
    hostile.frame = (device, frame) => {
      if (device === ben.device && isMail(frame) && kindOf(frame) === 'content') sealed = frame;
      return [frame];
    };
    const conversation = await talk(ada, ben);
    await settled(ben);
    if (!sealed) throw new Error('nothing came');
    const mail: Mail = sealed;
    const body = Buffer.from(mail.item.type === 'post' ? mail.item.body : '', 'base64');
    const bombs = [
      ...[0, 1, 4, 21, 30, body.length - 1].map((end) => body.subarray(0, end)),
      // A vector that claims a gigabyte (RFC 9420, section 2.1.2), where the group id and where the ciphertext is.
      Buffer.concat([body.subarray(0, 4), Buffer.from([0xbf, 0xff, 0xff, 0xff]), body.subarray(5)]),
      Buffer.concat([body.subarray(0, 30), Buffer.from([0xbf, 0xff, 0xff, 0xff]), body.subarray(34)]),
      Buffer.alloc(LARGEST_SEALED),
      Buffer.concat([body, Buffer.alloc(LARGEST_SEALED - body.length)]),
    ];
    let told = 0;
    for (let round = 0; round < 60; round += 1) {
      for (const bomb of bombs) {
        const swollen = bomb.toString('base64');
        told += swollen.length;
        hostile.tell(ben.device, again(mail, swollen));
      }
      await eventually(() => expect(ben.store.device(ben.device).messaging.unopenedMail(0, 1)).toEqual([]));
    }
    await raises(ben, 'message_malformed');
    await say(ada, conversation, 'after all that');
    await eventually(() => expect(texts(ben, conversation)).toEqual(['first', 'after all that']));
    expect(notes(ben, conversation)).toEqual([
      expect.stringMatching(/^A message, sent in the name of Ada \d+, could not be decrypted.*send it again\.$/),
    ]);
    // The newest few items stay for diagnosis.
    const disk = statSync(join(ben.folder, 'agent.db')).size;
    expect([told > 20_000_000, disk < told / 2], `told ${told}, kept ${disk}`).toEqual([true, true]);
  });

  it('in frames ends the connection and nothing else', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const conversation = await talk(ada, ben);
    await settled(ben);
    const details: (string | null)[] = [];
    ben.agent.onChange(() => details.push(ben.agent.status().connectionDetail));
    const body = Buffer.alloc(LARGEST_SEALED + 3).toString('base64');
    const item = { type: 'post', id: crypto.randomUUID(), from: ada.device, generation: 1, at: 1, body } as const;
    hostile.tell(ben.device, { kind: 'mail', seq: 1_000, item });
    await eventually(() =>
      expect(details).toContainEqual(
        expect.stringMatching(/^The agent could not process a frame of the server: item\.body: /),
      ),
    );
    await eventually(() => expect(ben.agent.status().connection).toBe('connected'));
    await say(ada, conversation, 'after the frame');
    await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('after the frame'));
  });

  it('in files is refused with its code, and the true file opens afterward', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const conversation = await talk(ada, ben);
    const bytes = Buffer.alloc(70_000, 'plan');
    const file = { name: 'plan.txt', type: 'text/plain', bytes };
    const id = await ada.agent.messaging.send(conversation, { text: 'the plan', attachments: [file] });
    await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('the plan'));
    const chunk = Buffer.alloc(64 * 1024);
    let poured = 0;
    const answers: readonly [string, (sealed: Buffer) => Iterable<Buffer>][] = [
      ['attachment_damaged', (sealed) => [sealed.subarray(0, sealed.length - 1)]],
      ['attachment_damaged', () => []],
      ['attachment_damaged', (sealed) => [sealed, Buffer.alloc(1)]],
      [
        'too_large',
        function* () {
          for (;;) {
            poured += chunk.length;
            yield chunk;
          }
        },
      ],
    ];
    for (const [code, answer] of answers) {
      hostile.file = (_device, sealed) => answer(sealed);
      expect(await codeOfAsync(ben.agent.messaging.attachment(id, 0))).toBe(code);
    }
    expect(poured).toBeLessThan(64 * 1024 * 1024);
    hostile.honest();
    expect(Buffer.from((await ben.agent.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
  });
});

it('case 36: two devices with different ledgers detect that by their messages', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  const fork = await forkedLedger(ada.agent.status().installation);
  // The real ledger continues to grow.
  await people('Cleo');
  hostile.answer = async (device, path, json) => {
    if (device !== ben.device) return json;
    if (path === '/device/members') return fork.members(membersAnswer.parse(json));
    const asked = /^\/device\/ledger\/consistency\?from=(\d+)(?:&to=(\d+))?/.exec(path);
    return asked
      ? fork.consistency(consistencyView.parse(json), Number(asked[1]), asked[2] ? Number(asked[2]) : undefined)
      : json;
  };
  const conversation = await start(ada, [ben]);
  await say(ada, conversation, 'what do you see?');
  await eventually(() => expect(texts(ben, conversation)).toEqual(['what do you see?']));
  await say(ben, conversation, 'this');
  const codes = async () => [...(await alerts(ada)), ...(await alerts(ben))];
  await eventually(async () => expect(await codes()).toContain('ledger_forked'));
});

/** A fork of the real ledger with one forged entry at its end, signed with the real key. It lacks the later entries of the real one. */
async function forkedLedger(installation: string) {
  const real = await captured.edit((database) => new LedgerStore(database).entries(0, 100_000));
  const { tree, source } = await grow([...real, Buffer.from('{"nobody":"else is shown this"}')]);
  const { publicKey, sign } = captured.keys().ledgerKey;
  const raw = ed25519FromSpki(Buffer.from(publicKey, 'base64'));
  const note = signCheckpoint(
    { size: tree.size, root: tree.root() },
    { name: originOf(installation), publicKey: raw, sign },
  );
  const base64 = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'));
  const proved = async (leaf: MemberProof['certified']) => ({
    ...{ ...leaf, checkpoint: note, proof: base64(await inclusionProof(leaf.index, tree.size, source)) },
  });
  return {
    members: async ({ members }: { readonly members: readonly MemberProof[] }) => ({
      members: await Promise.all(
        members.map(async (proof) => ({
          ...proof,
          certified: await proved(proof.certified),
          countersigned: await proved(proof.countersigned),
        })),
      ),
    }),
    consistency: async ({ key }: { readonly key: string }, from: number, to = tree.size) => ({
      ...{ from, key, checkpoint: note },
      proof: from === 0 ? [] : base64(await consistencyProof(from, Math.min(to, tree.size), source)),
    }),
  };
}

it('a hostile server can keep an ended device among the members (SECURITY.md), until it is honest again', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  const second = await enroll(ben.name);
  const conversation = await talk(ada, ben, second);
  // The server tells no device that this session and certificate have ended.
  const kept = new Map<string, unknown>();
  hostile.answer = (device, path, json) => {
    if (path !== '/device/members') return json;
    if (certificatesIn(json).some((one) => one.device === second.device)) kept.set(device, json);
    return kept.get(device) ?? json;
  };
  hostile.frame = (_device, frame) => {
    if (frame.kind === 'members-changed') return [];
    if (frame.kind !== 'posted') return [frame];
    const recipients = frame.recipients.map((one) => ({ ...one, outcome: 'stored' as const }));
    return [{ ...frame, recipients }];
  };
  for (const { device } of [ada, ben]) hostile.tell(device, { kind: 'members-changed', person: personOf(ben) });
  await eventually(() => expect(kept.size).toBe(2));
  await revoke(second);
  const leaves = async () => {
    const held = (await ada.records()).group(conversation);
    return held ? membersOf(held).map(({ device }) => device) : [];
  };
  await say(ada, conversation, 'nobody has heard of it');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('nobody has heard of it'));
  expect(await leaves()).toContain(second.device);
  hostile.honest();
  // A verified member stays in the cache for a minute. A report of a change ends that.
  for (const { device } of [ada, ben]) hostile.tell(device, { kind: 'members-changed', person: personOf(ben) });
  await eventually(async () => expect(await leaves()).not.toContain(second.device));
  await say(ada, conversation, 'without it');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('without it'));
  expect(texts(second, conversation)).not.toContain('without it');
});

it('case 35: with a withheld list, the sender sees the order that refused the message, and an alert at the list’s expiry', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  const { operator, clock } = captured;
  const conversation = await talk(ada, ben);
  hostile.frame = (device, frame) => (device === ada.device && frame.kind === 'list' ? [] : [frame]);
  const before = ada.agent.status();
  // The approvers suspend messaging in her home area. Her device is not told.
  const terms = {
    title: 'Messages in SE',
    areas: ['SE'],
    services: ['messaging'],
    nexus: ['home'],
    // Time of the devices, which is real.
    effective: new Date(clock.now() + 20_000).toISOString(),
    ...{ unknown: 'allow', contested: 'allow', travelers: 'deny' },
    ...{
      authority: 'Regulator',
      addressee: 'operators',
      instrument: 'directive 1',
      statement: { en: 'Service ends.' },
    },
  };
  const proposed = await operator.propose(terms);
  const { order } = proposed;
  await operator.adopt(proposed);
  clock.jump(clock.now() + 120_000);
  await eventually(() => expect(ben.agent.gate('messaging').open).toBe(false));
  expect(ada.agent.gate('messaging').open).toBe(true);
  const words = { code: 'service_denied', detail: expect.stringContaining(order) };
  const plain = await say(ada, conversation, 'during the order');
  const file = { name: 'plan.txt', type: 'text/plain', bytes: Buffer.from('plan') };
  const withFile = await ada.agent.messaging.send(conversation, { text: 'with a file', attachments: [file] });
  for (const id of [plain, withFile]) {
    await eventually(() =>
      expect(ada.agent.messaging.message(id)).toMatchObject({ state: 'refused', order, refusal: words }),
    );
  }
  expect(texts(ben, conversation)).toEqual(['first']);
  await operator.adopt(await operator.act(order, { action: 'withdraw' }));
  await eventually(() => expect(ben.agent.gate('messaging').open).toBe(true));
  await say(ada, conversation, 'after the order');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('after the order'));

  clock.jump((before.listExpires ?? 0) + 60_000);
  await raises(ada, 'list_expired');
  const status = ada.agent.status();
  expect(status).toMatchObject({ list: before.list, connection: 'connected' });
  expect(statusLines(status, true).join('\n')).toMatch(/expired .*no newer list has arrived.* tell your admin/);
  // The order's rule for an expired list keeps the verdict.
  await say(ben, conversation, 'are you there?');
  await eventually(() => expect(texts(ada, conversation).at(-1)).toBe('are you there?'));
  await say(ada, conversation, 'I am');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('I am'));
  expect(await alerts(ben)).not.toContain('list_expired');
});
