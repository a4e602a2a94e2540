/** `cordon-agent` for people's messages: each command asks the running daemon, which alone may move a conversation on. What it shows is in `message-view.ts`. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { CordonError, isCordonError } from '../shared/errors.ts';
import { plainJson } from '../shared/text/visible-text.ts';
import type { AgentConfig } from './config.ts';
import { askControl, type ControlRequest } from './control/control.ts';
import { openAgent } from './daemon.ts';
import { EXIT } from './exit-codes.ts';
import { type InboxEntry, inboxOf } from './message-answers.ts';
import { chatLine, inboxLines, peopleLines, sentLines } from './message-view.ts';
import { findConversation, findPerson, foundByName, requireOneOfName } from './messaging/find-whom.ts';
import type { ConversationView, FoundPerson, MessageView } from './messaging/messaging.ts';
import { savedName } from './saved-name.ts';

/** Shown at the beginning of a chat. */
const RECENT = 20;
/** Of one conversation, at once. */
const MOST_SHOWN = 200;

export interface MessageCommandPorts {
  readonly config: () => AgentConfig;
  readonly say: (lines: readonly string[]) => void;
  readonly exitWith: (code: number) => void;
}

export function addMessageCommands(program: Command, { config, say, exitWith }: MessageCommandPorts): void {
  const ask = async <T>(request: ControlRequest): Promise<T> => {
    const answered = await askControl(config().socket, request);
    if (!answered) {
      throw new CordonError('unavailable', 'The agent does not run here: start it with `cordon-agent run`.');
    }
    return asAnswer<T>(answered.ok);
  };

  /** Without a connection the name stands for the conversation that is on this device. */
  const requireOnePerson = async (whom: string): Promise<void> => {
    let found: readonly FoundPerson[];
    try {
      found = await ask<readonly FoundPerson[]>({ op: 'people', text: whom });
    } catch (error) {
      if (isCordonError(error, 'unavailable') || isCordonError(error, 'service_denied')) return;
      throw error;
    }
    requireOneOfName(found, whom);
  };

  /** The conversation that somebody means by a person's name, a title or a number; one is begun with a person who is new. */
  const conversationWith = async (whom: string): Promise<string> => {
    const known = findConversation(await ask<readonly ConversationView[]>({ op: 'conversations' }), whom);
    if (known) {
      if (foundByName(known, whom)) await requireOnePerson(whom);
      return known.id;
    }
    const { person } = findPerson(await ask<readonly FoundPerson[]>({ op: 'people', text: whom }), whom);
    return ask<string>({ op: 'start', people: [person], title: null });
  };

  program
    .command('people')
    .description('people of your organisation whom you can write to')
    .argument('<text>', 'part of a name')
    .option('--json', 'for a program', false)
    .action(async (text: string, { json }: { json: boolean }) => {
      const found = await ask<readonly FoundPerson[]>({ op: 'people', text });
      say(json ? [plainJson(found)] : peopleLines(found));
      if (found.length === 0) exitWith(EXIT.notFound);
    });

  program
    .command('send')
    .description('send a message, sealed for the devices of those whom it is for')
    .showHelpAfterError("What begins with a hyphen goes after two: cordon-agent send -- Bilal '- dates'")
    .argument('<whom>', 'a person’s name, a conversation’s title or its number')
    .argument('<text>')
    .option('--attach <file...>', 'files that go with it, of 5 MiB at most')
    .option('--json', 'for a program', false)
    .action(async (whom: string, text: string, { attach = [], json }: { attach?: string[]; json: boolean }) => {
      const conversation = await conversationWith(whom);
      const files = attach.map((file) => resolve(file));
      const id = await ask<string>({ op: 'write', conversation, text, files });
      const message = await ask<MessageView>({ op: 'sent', message: id });
      say(json ? [plainJson(message)] : sentLines(message));
      if (message.state === 'refused') exitWith(message.order === null ? EXIT.refused : EXIT.refusedByOrder);
    });

  program
    .command('inbox')
    .description('messages that you have not seen yet, by conversation')
    .option('--all', 'all conversations, with what was said in each', false)
    .option('--json', 'for a program', false)
    .action(async ({ all, json }: { all: boolean; json: boolean }) => {
      const inbox = await read(config(), { op: 'inbox', all, limit: MOST_SHOWN });
      say(json ? [plainJson(inbox)] : inboxLines(inbox));
    });

  program
    .command('chat')
    .description('write with a person or in a conversation, line by line, until the end of the input')
    .argument('<whom>', 'a person’s name, a conversation’s title or its number')
    .action(async (whom: string) => chat(await conversationWith(whom), ask, say));

  program
    .command('attachment')
    .description('save a file that came with a message')
    .argument('<message>', 'the message’s number')
    .argument('[file]', 'where to; its own name, here, by default')
    .option('--index <n>', 'which of its files, counted from 1', '1')
    .action(async (message: string, file: string | undefined, { index }: { index: string }) => {
      const given = await ask<{ name: string; bytes: string }>({ op: 'attachment', message, index: Number(index) - 1 });
      const path = file ?? savedName(given.name);
      await writeFile(path, Buffer.from(given.bytes, 'base64'), { mode: 0o600, flag: file === undefined ? 'wx' : 'w' });
      say([path]);
    });

  program
    .command('export')
    .description('all of your messages and their files that this device has, as JSON lines')
    .action(async () => {
      const { agent, store } = await openAgent({ ...config(), log: 'silent' }, () => undefined);
      try {
        await agent.messaging.open();
        for await (const line of agent.messaging.export()) say([line]);
      } finally {
        store.close();
      }
    });
}

/** From the running daemon, or from what is stored when none runs. */
async function read(
  config: AgentConfig,
  request: Extract<ControlRequest, { op: 'inbox' }>,
): Promise<readonly InboxEntry[]> {
  const answered = await askControl(config.socket, request);
  if (answered) return asAnswer<readonly InboxEntry[]>(answered.ok);
  const { agent, store } = await openAgent({ ...config, log: 'silent' }, () => undefined);
  try {
    await agent.messaging.open();
    return inboxOf(agent.messaging, request);
  } finally {
    store.close();
  }
}

type Ask = <T>(request: ControlRequest) => Promise<T>;

async function chat(conversation: string, ask: Ask, say: (lines: readonly string[]) => void): Promise<void> {
  const shown = new Map<string, string>();
  let since = 0;
  let over = false;
  const show = async () => {
    const unseen = await ask<readonly MessageView[]>({ op: 'unseen', conversation, limit: MOST_SHOWN });
    const recent = await ask<readonly MessageView[]>({ op: 'messages', conversation, limit: RECENT });
    const isRecent = new Set(recent.map(({ id }) => id));
    const earlier = unseen.filter(({ id }) => !isRecent.has(id));
    // With more than that unseen, what is recent follows later, in its turn.
    const messages = unseen.length < MOST_SHOWN ? [...earlier, ...recent] : unseen;
    for (const message of messages) {
      const line = chatLine(message);
      if (shown.get(message.id) !== line) say([line]);
      shown.set(message.id, line);
    }
    await ask({ op: 'read', conversation, messages: messages.map(({ id }) => id) });
  };
  const watch = async () => {
    while (!over) {
      since = await ask<number>({ op: 'changed', since });
      if (!over) await show();
    }
  };
  await show();
  const watching = watch();
  // Its failure ends the chat; it is looked at below.
  watching.catch(() => undefined);
  const lines = createInterface({ input: process.stdin, terminal: false });
  const writing = (async () => {
    for await (const line of lines) {
      if (line.trim() !== '') await ask<string>({ op: 'write', conversation, text: line, files: [] });
    }
  })();
  try {
    await Promise.race([writing, watching]);
    await show();
  } finally {
    over = true;
    lines.close();
  }
}

/** What our own daemon says over a socket that only its owner can open: the types are its own. */
function asAnswer<T>(answer: unknown): T {
  return answer as T;
}
