/** The messaging engine while all people are online: texts, files, limits, and the user's view of a refusal. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_CONVERSATION } from '../../shared/seal/content.ts';
import { MessagingWorld } from '../../tests/support/messaging-world.ts';
import { eventually, notes, onlineIn, say, stateOf, texts } from '../../tests/support/talking-devices.ts';
import { createRecords } from './conversation/records.ts';
import { createVault } from './keys/vault.ts';

let world: MessagingWorld;
beforeEach(() => {
  world = new MessagingWorld();
});
afterEach(() => world.close());
const online = (name: string) => onlineIn(world, name);
const all = (...names: string[]) => Promise.all(names.map(online));

describe('two people', () => {
  it('write to each other, and see the state of each message', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    const first = await say(ada!, conversation, 'Hello Ben');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['Hello Ben']));
    await eventually(() => expect(stateOf(ada!, conversation, first)).toBe('delivered'));
    expect(ben!.messaging.conversations()).toMatchObject([{ unread: 1, people: [{ name: 'Ada', verified: true }] }]);
    const second = await say(ada!, conversation, 'Ben?');
    await eventually(() => expect(stateOf(ada!, conversation, second)).toBe('delivered'));
    await ben!.messaging.read(conversation, [first]);
    await eventually(() => expect(stateOf(ada!, conversation, first)).toBe('read'));
    expect(ben!.messaging.unseen(conversation, 9)).toMatchObject([{ id: second, state: 'delivered' }]);
    expect([stateOf(ada!, conversation, second), ben!.messaging.conversations()[0]?.unread]).toEqual(['delivered', 1]);
    await say(ben!, conversation, 'Hello Ada');
    await eventually(() => expect(texts(ada!, conversation)).toEqual(['Hello Ben', 'Ben?', 'Hello Ada']));
    expect(await ada!.messaging.start({ people: [ben!.person], title: null })).toBe(conversation);
    expect(ada!.alerts).toEqual([]);
    expect(ben!.alerts).toEqual([]);
    for (const { body } of world.posts) expect(Buffer.from(body, 'base64').toString('latin1')).not.toContain('Hello');
  });

  it('check again at once after a report of a change that arrived during a check', async () => {
    // After five failed checks, the delay before the next check alone would exceed the time limit of this test.
    world.tellsTooEarly = 5;
    await online('Ada');
    expect(world.tellsTooEarly).toBe(0);
  });

  it('check again in time, although the clock was set back', async () => {
    world.tellsNothing = 1;
    const ada = await world.enroll('Ada');
    ada.connect();
    await ada.messaging.maintain();
    expect(ada.messaging.state().state).toBe('uncertified');
    const { now } = Date;
    const slow = vi.spyOn(Date, 'now').mockImplementation(() => now() - 1_000);
    try {
      await eventually(() => expect(ada.messaging.state().state).toBe('ready'));
    } finally {
      slow.mockRestore();
    }
  });

  it('receive messages in order after days offline', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    ben!.disconnect();
    for (let n = 0; n < 20; n += 1) await say(ada!, conversation, `message ${n}`);
    ada!.disconnect();
    await say(ada!, conversation, 'written offline');
    expect(ada!.messaging.messages(conversation, { limit: 1 })[0]?.state).toBe('waiting');
    ada!.connect();
    await eventually(() => expect(ada!.messaging.messages(conversation, { limit: 1 })[0]?.state).toBe('sent'));
    ben!.connect();
    await eventually(() =>
      expect(texts(ben!, conversation)).toEqual([
        ...Array.from({ length: 20 }, (_, n) => `message ${n}`),
        'written offline',
      ]),
    );
  });

  it('send files, which only the recipient can open', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    const bytes = Buffer.alloc(300_000, 'plan');
    const attachments = [{ name: 'plan.txt', type: 'text/plain', bytes }];
    const id = await ada!.messaging.send(conversation, { text: '', attachments });
    await eventually(() =>
      expect(ben!.messaging.message(id).attachments).toMatchObject([{ name: 'plan.txt', size: 300_000 }]),
    );
    expect(Buffer.from((await ben!.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
    world.reachable = false;
    expect(Buffer.from((await ben!.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
    expect(Buffer.from((await ada!.messaging.attachment(id, 0)).bytes).equals(bytes)).toBe(true);
    await expect(ben!.messaging.attachment(id, 1)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('during an upload', () => {
  const attachments = [{ name: 'plan.txt', type: 'text/plain', bytes: Buffer.from('plan') }];
  let arrive: () => void;
  beforeEach(() => {
    const held = Promise.withResolvers<void>();
    arrive = held.resolve;
    world.holdsFiles = held.promise;
  });
  afterEach(() => arrive());

  it('arriving messages are opened, other conversations continue, and later messages of the same conversation wait', async () => {
    const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
    const withBen = await ada!.messaging.start({ people: [ben!.person], title: null });
    const withCleo = await ada!.messaging.start({ people: [cleo!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    const id = await ada!.messaging.send(withBen, { text: 'the plan', attachments });
    await say(ada!, withBen, 'behind it');
    await say(ada!, withCleo, 'elsewhere');
    await eventually(() => expect(texts(cleo!, withCleo)).toEqual(['elsewhere']));
    await say(ben!, withBen, 'Where is it?');
    await eventually(() => expect(texts(ada!, withBen)).toContain('Where is it?'));
    // Ada's device has acknowledged the items that it received.
    await eventually(() => expect(ben!.messaging.messages(withBen, { limit: 1 })[0]?.state).toBe('delivered'));
    expect([stateOf(ada!, withBen, id), texts(ben!, withBen)]).toEqual(['waiting', ['Where is it?']]);
    arrive();
    await eventually(() => expect(texts(ben!, withBen)).toEqual(['Where is it?', 'the plan', 'behind it']));
    expect([world.files, ada!.failures]).toEqual([1, []]);
  });

  it('the device may stop, and sends the message once afterward', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
    const id = await ada!.messaging.send(conversation, { text: 'the plan', attachments });
    await ada!.messaging.maintain();
    await ada!.stop();
    const again = await world.boot(ada!);
    again.connect();
    await say(again, conversation, 'behind it');
    arrive();
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['the plan', 'behind it']));
    await eventually(() => expect(stateOf(again, conversation, id)).toBe('delivered'));
    expect(world.posts.filter((post) => post.id === id)).toHaveLength(1);
    expect(Buffer.from((await ben!.messaging.attachment(id, 0)).bytes).toString()).toBe('plan');
  });
});

it('accepts people up to the limit, and refuses one more', async () => {
  const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
  const crowd = world.crowd(LARGEST_CONVERSATION);
  const tooMany = { code: 'too_large', message: expect.stringMatching(/at most 200 people/) };
  await expect(ada!.messaging.start({ people: crowd, title: null })).rejects.toMatchObject(tooMany);
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await ada!.messaging.addPeople(conversation, crowd.slice(2));
  await expect(ada!.messaging.addPeople(conversation, [cleo!.person])).rejects.toMatchObject(tooMany);
  await say(ada!, conversation, 'all here');
  await ada!.messaging.rename(conversation, 'Everybody');
  await eventually(() => expect(texts(ben!, conversation)).toEqual(['all here']));
  await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Everybody' }]));
  expect(ben!.messaging.conversations()[0]?.people).toHaveLength(LARGEST_CONVERSATION - 1);
  expect(ada!.failures).toEqual([]);
});

it('finds people without a verified device only by the server’s statement, and starts no conversation with them', async () => {
  const ada = await online('Ada');
  const person = world.name('Mallory');
  expect(await ada.messaging.people('Mall')).toEqual([{ person, name: 'Mallory', email: null, groups: [] }]);
  await expect(ada.messaging.start({ people: [person], title: null })).rejects.toMatchObject({
    code: 'person_unknown',
  });
});

it('continues when several devices together exceed the limit of people', async () => {
  const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
  await eventually(() => expect(ben!.messaging.conversations()).toHaveLength(1));
  ada!.disconnect();
  await ben!.messaging.addPeople(conversation, [cleo!.person]);
  await eventually(() => expect(cleo!.messaging.conversations()).toHaveLength(1));
  await ada!.messaging.addPeople(conversation, world.crowd(LARGEST_CONVERSATION - 2));
  ada!.connect();
  await eventually(() => expect(ada!.messaging.conversations()[0]?.people).toHaveLength(LARGEST_CONVERSATION));
  await ada!.messaging.rename(conversation, 'Everybody');
  await eventually(() => expect(ben!.messaging.conversations()).toMatchObject([{ title: 'Everybody' }]));
  expect(ada!.failures).toEqual([]);
});

describe('a refused message: the sender sees the reason', () => {
  it.each([
    ['when a file is too large', 'too_large', {}, null],
    ['when an order refuses a file', 'service_denied', { orders: ['2015-001', '2015-002'] }, '2015-001'],
  ] as const)('%s', async (_name, code, said, order) => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    world.refusesFiles = new CordonError(code, 'because of this', said);
    const attachments = [{ name: 'plan.txt', type: 'text/plain', bytes: Buffer.from('plan') }];
    const id = await ada!.messaging.send(conversation, { text: 'the plan', attachments });
    const refusal = { code, detail: 'because of this' };
    await eventually(() => expect(ada!.messaging.message(id)).toMatchObject({ state: 'refused', order, refusal }));
    await say(ada!, conversation, 'without it');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['without it']));
  });

  it('when an older message cannot be sealed', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await ada!.messaging.maintain();
    const store = ada!.store.device(ada!.id).messaging;
    const vault = createVault({ workspace: ada!.workspace, store });
    await vault.open();
    const id = randomUUID();
    createRecords(store, vault).addMessage({
      id,
      conversation,
      mark: 'unsent',
      mine: true,
      at: Date.now(),
      text: 'half \ud83d',
      attachments: [],
      from: null,
      recipients: [],
      refused: null,
      isRead: true,
    });
    await say(ada!, conversation, 'whole');
    await eventually(() => expect(texts(ben!, conversation)).toEqual(['whole']));
    const refusal = { code: 'content_malformed', detail: expect.stringContaining('half of a surrogate pair') };
    expect(ada!.messaging.message(id)).toMatchObject({ state: 'refused', order: null, refusal });
    expect(ada!.failures).toEqual([]);
  });

  it('when the recipient’s mailbox is full', async () => {
    const [ada, ben] = await all('Ada', 'Ben');
    const conversation = await ada!.messaging.start({ people: [ben!.person], title: null });
    await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
    world.full.add(ben!.id);
    const id = await say(ada!, conversation, 'one too many');
    const refusal = {
      code: 'too_large',
      detail: expect.stringMatching(/mailbox on the server is full. Send the message again/),
    };
    await eventually(() =>
      expect(ada!.messaging.message(id)).toMatchObject({
        state: 'refused',
        order: null,
        refusal,
        missed: [{ name: 'Ben', state: 'refused', refusal }],
      }),
    );
  });
});

it('halves of emoji in texts, file names and titles do not prevent sending', async () => {
  const [ada, ben] = await all('Ada', 'Ben');
  const conversation = await ada!.messaging.start({ people: [ben!.person], title: 'Lunch \ud83d' });
  const title = () => ben!.messaging.conversations()[0]?.title;
  await eventually(() => expect(title()).toBe('Lunch \ufffd'));
  const attachments = [{ name: '\udd57.txt', type: 'text/plain', bytes: Buffer.from('plan') }];
  const id = await ada!.messaging.send(conversation, { text: 'half \ud83d', attachments });
  await say(ada!, conversation, 'whole 🥗');
  await eventually(() => expect(texts(ben!, conversation)).toEqual(['half \ufffd', 'whole 🥗']));
  expect(ben!.messaging.message(id).attachments).toMatchObject([{ name: '\ufffd.txt' }]);
  // The title is cut in the middle of the last emoji.
  await ada!.messaging.rename(conversation, `${'x'.repeat(119)}🥗`);
  await eventually(() => expect(title()).toBe(`${'x'.repeat(119)}\ufffd`));
  expect([...ada!.failures, ...ben!.failures]).toEqual([]);
});

it('a statement about title and people from the far future is reported, and the newest valid one counts', async () => {
  const [ada, ben, cleo] = await all('Ada', 'Ben', 'Cleo');
  const conversation = await ada!.messaging.start({ people: [ben!.person, cleo!.person], title: 'Lunch' });
  const titles = () => [ben!, cleo!].map(({ messaging }) => messaging.conversations()[0]?.title);
  await eventually(() => expect(titles()).toEqual(['Lunch', 'Lunch']));
  ada!.clock = Number.MAX_SAFE_INTEGER;
  await ada!.messaging.rename(conversation, 'For good');
  for (const device of [ben!, cleo!]) await eventually(() => expect(device.alerts).toEqual(['description_ahead']));
  expect(titles()).toEqual(['Lunch', 'Lunch']);
  expect(notes(ben!, conversation).join()).toMatch(/Ada changed the title or the people .* ignored the change/);
  await ben!.messaging.rename(conversation, 'Dinner');
  await eventually(() => expect(titles()).toEqual(['Dinner', 'Dinner']));
});

it('a response that cannot be processed is reported, and responses for other conversations are processed', async () => {
  const [ada, ben, cleo, dina] = await all('Ada', 'Ben', 'Cleo', 'Dina');
  const stuck = await ada!.messaging.start({ people: [ben!.person], title: null });
  const other = await ada!.messaging.start({ people: [cleo!.person], title: null });
  await eventually(() => expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(0));
  // The time of the next change is too large to be encoded, so the welcome for Dina cannot be sealed.
  ada!.clock = Number.MAX_SAFE_INTEGER;
  for (const title of ['Once', 'Twice']) await ada!.messaging.rename(stuck, title);
  ada!.clock = null;
  await ada!.messaging.addPeople(stuck, [dina!.person]);
  await eventually(() => expect(ada!.failures.join()).toMatch(/process the response to a post/));
  world.full.add(cleo!.id);
  const id = await say(ada!, other, 'one too many');
  await eventually(() => expect(stateOf(ada!, other, id)).toBe('refused'));
  // The response stays in the list for the next round.
  expect(ada!.store.device(ada!.id).messaging.countPosts()).toBe(1);
});
