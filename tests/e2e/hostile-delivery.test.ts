/**
 * Attacks on messages by the owner of the server and its keys, who can show users no false message and no false history. Each attack causes
 * an alert or a note that the user reads.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { statusLines } from '../../agent/view.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { consistencyView } from '../../shared/api/ledger.ts';
import { originOf } from '../../shared/ledger/checkpoint.ts';
import { consistencyProof, inclusionProof } from '../../shared/ledger/merkle.ts';
import { ed25519FromSpki, signCheckpoint } from '../../shared/ledger/sign-checkpoint.ts';
import { type MemberProof, membersResponse } from '../../shared/protocol/device-http.ts';
import { LARGEST_SEALED } from '../../shared/protocol/frames.ts';
import { LARGEST_GAP } from '../../shared/seal/suite.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { grow } from '../support/grown-tree.ts';
import {
  again,
  epochAt,
  eventually,
  hostileDeliveryWorld,
  isEntry,
  kindOf,
  type Mail,
  notes,
  personOf,
  say,
  sent,
  settled,
  start,
  stateOf,
  talk,
  texts,
  WITHIN,
} from '../support/hostile-delivery-world.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 200_000 });

const { alerts, captured, enroll, hostile, lastResortOf, people, raises, revoke } = hostileDeliveryWorld();

describe('case 19: a hostile delivery service', () => {
  it('that reorders, repeats and changes messages is reported, and no user sees a repeated or false message', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const conversation = await talk(ada, ben);
    const held: Mail[] = [];
    hostile().frame = (device, frame) => {
      if (device !== ben.device || !isEntry(frame) || kindOf(frame) !== 'content') return [frame];
      held.push(frame);
      return [];
    };
    for (const text of ['one', 'two', 'three']) await sent(ada, conversation, text);
    await eventually(() => expect(held).toHaveLength(3));
    hostile().honest();
    const [first] = held;
    if (first?.item.type !== 'post') throw new Error('nothing was held');
    for (const mail of held.toReversed()) hostile().tell(ben.device, mail);
    await eventually(() => expect(texts(ben, conversation)).toEqual(['first', 'three', 'two', 'one']));
    await raises(ben, 'message_late');
    expect(notes(ben, conversation)).toContainEqual(
      expect.stringMatching(/A message from Ada \d+ arrived late\. The time beside each message shows when/),
    );
    hostile().tell(ben.device, again(first));
    await raises(ben, 'message_replayed');
    const damaged = Buffer.from(first.item.body, 'base64');
    damaged[damaged.length - 1]! ^= 1;
    hostile().tell(ben.device, again(first, damaged.toString('base64')));
    hostile().tell(ben.device, again(first, Buffer.from(first.item.body, 'base64').subarray(0, 40).toString('base64')));
    await raises(ben, 'message_malformed');
    await say(ada, conversation, 'four');
    await eventually(() => expect(texts(ben, conversation)).toHaveLength(5));
  });

  it('that drops a message is reported by the sender’s device, and both users see a note', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    const conversation = await talk(ada, ben);
    await settled(ben);
    hostile().frame = (device, frame) => (device === ben.device && isEntry(frame) ? [] : [frame]);
    const lost = await sent(ada, conversation, 'dropped');
    hostile().frame = (device, frame) => {
      // This item's frame also states that nothing else waits.
      if (device === ben.device && isEntry(frame) && frame.item.id === lost) return [];
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
    hostile().answer = (_device, path, json) => (path === '/device/key-packages/claim' ? { packages: [resort] } : json);
    let welcome: Mail | null = null;
    hostile().frame = (device, frame) => {
      if (device === ben.device && isEntry(frame) && kindOf(frame) === 'welcome') welcome = frame;
      return [frame];
    };
    const conversation = await talk(ada, ben);
    await ben.agent.messaging.leave(conversation);
    await settled(ben);
    if (!welcome) throw new Error('no welcome came');
    hostile().tell(ben.device, again(welcome));
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
  hostile().tell(ben.device, { kind: 'mailbox-is', acknowledged: 5_000, posts: 5_000 });
  await eventually(() => expect(states).toContain('rejoining'));
  await eventually(() => expect(stateOf(ben, conversation)).toBe('ready'));
  await say(ada, conversation, 'welcome back');
  await eventually(() => expect(texts(ben, conversation)).toEqual(['first', 'welcome back']));
});

it('case 22: a device without a withheld commit reports the gap and rejoins', async () => {
  const [ada, ben, cleo] = await people('Ada', 'Ben', 'Cleo');
  const conversation = await talk(ada, ben);
  await settled(ben);
  hostile().frame = (device, frame) =>
    device === ben.device && isEntry(frame) && kindOf(frame) === 'commit' ? [] : [frame];
  await ada.agent.messaging.addPeople(conversation, [personOf(cleo)]);
  await eventually(() => expect(stateOf(cleo, conversation)).toBe('ready'));
  await say(ada, conversation, 'lost on him');
  await raises(ben, 'conversation_lost');
  hostile().honest();
  await eventually(() => expect(stateOf(ben, conversation)).toBe('ready'));
  await say(ada, conversation, 'found again');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('found again'));
});

it('case 22: after more lost messages than the largest gap, the user sees their number, and later messages are read', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  let known: Mail | null = null;
  hostile().frame = (device, frame) => {
    if (device === ben.device && isEntry(frame)) known = frame;
    return [frame];
  };
  const conversation = await talk(ada, ben);
  await settled(ben);
  let lost = 0;
  // Each item is replaced by an earlier one, so that the numbers continue and nothing is repeated later.
  hostile().frame = (device, frame) => {
    if (device !== ben.device || !isEntry(frame) || lost > LARGEST_GAP) return [frame];
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
    hostile().frame = (device, frame) => {
      if (device !== ben.device || !isEntry(frame) || held.length > 0 || kindOf(frame) !== 'content') return [frame];
      held.push(frame);
      return [];
    };
    const late = await say(ada, conversation, 'five changes late');
    await eventually(() => expect(held).toHaveLength(1));
    // Each new device of Ada changes the group's epoch.
    for (let n = 0; n < 5; n += 1) {
      const before = await epochAt(ben, conversation);
      await enroll(ada.name);
      await eventually(async () => expect(await epochAt(ben, conversation)).toBeGreaterThan(before));
    }
    for (const mail of held) hostile().tell(ben.device, again(mail));
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
  hostile().frame = (device, frame) => {
    if (device !== ben.device || !isEntry(frame) || held.length > 0 || kindOf(frame) !== 'content') return [frame];
    held.push(frame);
    return [];
  };
  await say(cleo, conversation, 'kept back until I was gone');
  await eventually(() => expect(held).toHaveLength(1));
  const before = await epochAt(ben, conversation);
  await revoke(cleo);
  await eventually(async () => expect(await epochAt(ben, conversation)).toBeGreaterThan(before));
  for (const mail of held) hostile().tell(ben.device, again(mail));
  await eventually(() => expect(notes(ben, conversation).at(-1)).toMatch(/removed from this conversation.*not shown/));
  expect(texts(ben, conversation)).toEqual(['first']);
});

describe('case 21: truncated and oversized data', () => {
  it('in messages is reported to the recipient, uses no space, and later messages are read', async () => {
    const [ada, ben] = await people('Ada', 'Ben');
    let sealed: Mail | null = null;
    hostile().frame = (device, frame) => {
      if (device === ben.device && isEntry(frame) && kindOf(frame) === 'content') sealed = frame;
      return [frame];
    };
    const conversation = await talk(ada, ben);
    await settled(ben);
    if (!sealed) throw new Error('nothing came');
    const mail: Mail = sealed;
    const body = Buffer.from(mail.item.type === 'post' ? mail.item.body : '', 'base64');
    const bombs = [
      ...[0, 1, 4, 21, 30, body.length - 1].map((end) => body.subarray(0, end)),
      // Vectors that claim a length of a gigabyte (RFC 9420, section 2.1.2), as group id and as ciphertext.
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
        hostile().tell(ben.device, again(mail, swollen));
      }
      await eventually(() => expect(ben.store.device(ben.device).messaging.unopenedItems(0, 1)).toEqual([]));
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
    hostile().tell(ben.device, { kind: 'mailbox-entry', seq: 1_000, item });
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
      hostile().file = (_device, sealed) => answer(sealed);
      expect(await codeOfAsync(ben.agent.messaging.attachment(id, 0))).toBe(code);
    }
    expect(poured).toBeLessThan(64 * 1024 * 1024);
    hostile().honest();
    expect(Buffer.from((await ben.agent.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
  });
});

it('case 35: with a withheld list, the sender sees the order that refused the message, and an alert at the list’s expiry', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  const { operator, clock } = captured();
  const conversation = await talk(ada, ben);
  hostile().frame = (device, frame) => (device === ada.device && frame.kind === 'list' ? [] : [frame]);
  const before = ada.agent.status();
  // The approvers suspend messaging in Ada's home area. Her device does not receive the order.
  const terms = {
    title: 'Messages in SE',
    areas: ['SE'],
    services: ['messaging'],
    nexus: ['home'],
    // The clocks of the devices run in real time.
    effective: new Date(clock.now() + 20_000).toISOString(),
    unknown: 'allow',
    contested: 'allow',
    travelers: 'deny',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive 1',
    statement: { en: 'Service ends.' },
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
  // By the order's rule for an expired list, the verdict stays the same.
  await say(ben, conversation, 'are you there?');
  await eventually(() => expect(texts(ada, conversation).at(-1)).toBe('are you there?'));
  await say(ada, conversation, 'I am');
  await eventually(() => expect(texts(ben, conversation).at(-1)).toBe('I am'));
  expect(await alerts(ben)).not.toContain('list_expired');
});

it('case 36: two devices with different ledgers detect that by their messages', async () => {
  const [ada, ben] = await people('Ada', 'Ben');
  const fork = await forkedLedger(ada.agent.status().installation);
  // The real ledger continues to grow.
  await people('Cleo');
  hostile().answer = async (device, path, json) => {
    if (device !== ben.device) return json;
    if (path === '/device/members') return fork.members(membersResponse.parse(json));
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
  const real = await captured().edit((database) => new LedgerStore(database).entries(0, 100_000));
  const { tree, source } = await grow([...real, Buffer.from('{"nobody":"else is shown this"}')]);
  const { publicKey, sign } = captured().keys().ledgerKey;
  const raw = ed25519FromSpki(Buffer.from(publicKey, 'base64'));
  const note = signCheckpoint(
    { size: tree.size, root: tree.root() },
    { name: originOf(installation), publicKey: raw, sign },
  );
  const base64 = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'));
  const proved = async (leaf: MemberProof['certified']) => ({
    ...leaf,
    checkpoint: note,
    proof: base64(await inclusionProof(leaf.index, tree.size, source)),
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
      from,
      key,
      checkpoint: note,
      proof: from === 0 ? [] : base64(await consistencyProof(from, Math.min(to, tree.size), source)),
    }),
  };
}
