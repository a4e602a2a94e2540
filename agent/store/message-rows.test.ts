import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import type { MailboxItem, MessageMark, MessageStore } from '../messaging/message-store.ts';
import { type AgentStore, openAgentStore } from './agent-store.ts';

let folder: string;
let file: AgentStore;
let store: MessageStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-messages-'));
  file = openAgentStore({ file: join(folder, 'agent.db') });
  store = file.device(newDeviceId()).messaging;
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

const mail = (id = randomUUID()): MailboxItem => ({
  type: 'post',
  id,
  from: newDeviceId(),
  generation: 1,
  at: 1,
  body: 'c2VhbGVk',
});
const body = Buffer.from('sealed');
const message = (conversation: string, id: string, mark: MessageMark = 'none') => ({ conversation, id, mark, body });

it('stores each item once, returns items in order, and recognizes repetitions afterward', () => {
  const [first, second] = [mail(), mail()];
  expect(store.keepItem(first)).toBe(true);
  expect(store.keepItem(second)).toBe(true);
  expect(store.keepItem(first)).toBe(false);
  const [one, two] = store.unopenedItems(0, 10);
  expect([one?.item, two?.item]).toEqual([first, second]);
  expect(store.unopenedItems(one!.number, 10)).toEqual([two]);
  store.itemOpened(one!.number);
  store.itemSetAside(two!.number);
  expect(store.unopenedItems(0, 10)).toEqual([]);
  expect([store.keepItem(first), store.keepItem(second)]).toEqual([false, false]);
  store.forgetItems();
  expect(store.keepItem(first)).toBe(true);
});

it('remembers opened items as long as the server could repeat them, and few undecryptable ones', () => {
  const oldest = mail();
  const open = (item: MailboxItem, how: 'itemOpened' | 'itemSetAside') => {
    store.keepItem(item);
    store[how](store.unopenedItems(0, 1)[0]?.number ?? 0);
  };
  store.transaction(() => {
    open(oldest, 'itemOpened');
    for (let n = 0; n < 4095; n += 1) open(mail(), 'itemOpened');
  });
  expect(store.keepItem(oldest)).toBe(false);
  open(mail(), 'itemOpened');
  expect(store.keepItem(oldest)).toBe(true);
  open(mail(), 'itemSetAside');
});

it('returns the newest messages before a message, oldest first, and marked messages', () => {
  const [a, b] = ['a'.repeat(22), 'b'.repeat(22)];
  for (const id of ['1', '2', '3', '4']) expect(store.addToHistory(message(a, id, 'unread'))).toBe(true);
  expect(store.addToHistory(message(b, '5', 'unsent'))).toBe(true);
  expect(store.addToHistory(message(b, '1'))).toBe(false);
  const ids = (before: string | null, limit: number) => store.history(a, before, limit).map(({ id }) => id);
  expect(ids(null, 2)).toEqual(['3', '4']);
  expect(ids('3', 10)).toEqual(['1', '2']);
  store.changeMessage('2', Buffer.from('seen'), 'none');
  expect(store.marked(a, 'unread').map(({ id }) => id)).toEqual(['1', '3', '4']);
  expect([store.countMarked(a, 'unread'), store.countMarked(b, 'unsent')]).toEqual([3, 1]);
  expect(store.historyMessage('2')).toEqual({ conversation: a, id: '2', mark: 'none', body: Buffer.from('seen') });
  expect([...store.wholeHistory()].map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5']);
});

it('returns posts in the order of their creation, and stores a transaction completely or not at all', () => {
  const conversation = { id: 'c'.repeat(22), meta: body, group: body, pending: null };
  const step = (fail: boolean) =>
    store.transaction(() => {
      store.saveConversation(conversation);
      for (const id of ['one', 'two']) store.addPost({ id, frame: body, purpose: body });
      if (fail) throw new Error('killed');
    });
  expect(() => step(true)).toThrow('killed');
  expect(store.countPosts()).toBe(0);
  expect(store.conversationIds()).toEqual([]);
  step(false);
  expect(store.posts(10).map(({ id }) => id)).toEqual(['one', 'two']);
  store.removePost('one');
  expect([store.post('one'), store.post('two')?.id]).toEqual([null, 'two']);
  expect(store.conversation(conversation.id)).toEqual(conversation);
});

it('stores each receipt once, and deletes everything under a lost key except counters and mailbox', () => {
  const due = { conversation: 'a', message: '1', kind: 'delivered' } as const;
  store.addReceipt(due);
  store.addReceipt(due);
  store.addReceipt({ ...due, kind: 'read' });
  expect(store.dueReceipts('a', 10)).toHaveLength(2);
  store.removeReceipts([due]);
  expect(store.receiptsDueIn()).toEqual(['a']);
  store.addKeyPackage({ ref: 'r', body, lastResort: true });
  store.addToHistory(message('a', '1'));
  store.saveMessagingValue('acknowledged', Buffer.from('7'));
  store.saveMessagingValue('identity', body);
  store.keepItem(mail());
  store.forgetMessaging();
  expect(store.receiptsDueIn()).toEqual([]);
  expect(store.keyPackages()).toEqual([]);
  expect(store.historyMessage('1')).toBeNull();
  expect(store.messagingValue('identity')).toBeNull();
  expect(store.messagingValue('acknowledged')).toEqual(Buffer.from('7'));
  expect(store.unopenedItems(0, 10)).toHaveLength(1);
});

it('separates the rows of devices, and deletes them with their device', () => {
  const id = newDeviceId();
  const device = file.device(id);
  device.messaging.addToHistory(message('a', '1'));
  store.addToHistory(message('a', '1'));
  device.clear();
  expect(device.messaging.historyMessage('1')).toBeNull();
  expect(store.historyMessage('1')).not.toBeNull();
});
