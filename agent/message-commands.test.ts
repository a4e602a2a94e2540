/** Tests of the real `cordon-agent` against a daemon whose messages are in memory. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createMemoryTalk, type MemoryTalk } from '../tests/support/memory-talk.ts';
import { programPath } from '../tests/support/programs.ts';
import { runProgram } from '../tests/support/run-program.ts';
import { type Control, type ControlRequest, serveControl } from './control/control.ts';
import { createMessageResponder } from './control/message-responses.ts';
import type { Messaging } from './messaging/messaging.ts';

const ENTRY = programPath('agent/cordon-agent.js');

let home: string;
let talk: MemoryTalk;
let me: Messaging;
let conversation: string;
let daemon: Control;
/** Called before the response to a request. */
let before: (request: ControlRequest) => void;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'cordon-agent-'));
  talk = createMemoryTalk({ per_ada: 'Ada', per_ben: 'Ben' });
  me = talk.messagingOf('per_ada');
  conversation = await me.start({ people: ['per_ben'], title: null });
  before = () => undefined;
  const answers = createMessageResponder(me);
  daemon = await serveControl(join(home, 'agent.sock'), async (request) => {
    before(request);
    switch (request.op) {
      case 'status':
      case 'notices':
      case 'admin-messages':
      case 'open':
      case 'passcode':
      case 'workspace-list':
      case 'workspace-get':
      case 'workspace-put':
      case 'workspace-remove':
      case 'mail-list':
      case 'mail-read':
      case 'mail-send':
      case 'mail-programs':
      case 'mail-submit':
        throw new Error(request.op);
      default:
        return answers(request);
    }
  });
});
afterEach(async () => {
  await daemon.close();
  rmSync(home, { recursive: true, force: true });
});

const agent = (...args: string[]) => runProgram(process.execPath, [ENTRY, '--home', home, ...args], { cwd: home });
const write = (from: number, to: number) => {
  for (let at = from; at <= to; at++) talk.say(conversation, 'per_ben', `word ${at}`, Date.now());
};
const words = (out: string) => [...out.matchAll(/word \d+/g)].map(([word]) => word);
const numbered = (to: number) => Array.from({ length: to }, (_, at) => `word ${at + 1}`);
const unread = () => me.conversations()[0]?.unread;

it('a chat shows unread and arriving messages, and marks no other message as read', async () => {
  write(1, 25);
  const left: unknown[] = [];
  before = ({ op }) => {
    if (op !== 'read') return;
    left.push(unread());
    if (left.length === 1) write(26, 60);
  };
  const { code, out } = await agent('chat', 'Ben');
  expect([code, words(out), unread()]).toEqual([0, numbered(60), 0]);
  expect(left.slice(0, 2)).toEqual([25, 35]);
});

it('an inbox shows unread messages, even if many read messages follow', async () => {
  write(1, 3);
  for (let at = 0; at < 300; at++) talk.say(conversation, 'per_ada', 'And me.', Date.now());
  const { out } = await agent('inbox');
  expect([words(out), unread()]).toEqual([numbered(3), 3]);
});

it.each(['گزارش.pdf', 'תקציר.txt', 'plan of Monday.txt'])(
  'saves a file under the sender’s name for it: %s',
  async (name) => {
    const file = { name, type: 'text/plain', bytes: Buffer.from('the plan') };
    const message = await talk.messagingOf('per_ben').send(conversation, { text: '', attachments: [file] });
    expect(await agent('attachment', message)).toEqual({ code: 0, out: `${name}\n`, err: '' });
    expect(readFileSync(join(home, name), 'utf8')).toBe('the plan');
  },
);
