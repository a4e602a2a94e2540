/**
 * Commands for messages, which the running daemon executes. Only one process may change a conversation: two processes with one MLS state
 * would use its keys twice.
 */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { CordonError, isCordonError } from '../shared/errors.ts';
import { EXIT } from '../shared/exit-codes.ts';
import { plainJson } from '../shared/text/visible-text.ts';
import type { AgentConfig } from './config.ts';
import { type ControlRequest, sendControlRequest } from './control/control.ts';
import { type InboxEntry, inboxOf } from './control/message-responses.ts';
import { chatLine, inboxLines, peopleLines, sentLines } from './message-view.ts';
import {
  findConversation,
  findPerson,
  foundByName,
  requireOneOfName,
} from './messaging/conversation/recipient-lookup.ts';
import type { ConversationView, FoundPerson, MessageView } from './messaging/messaging.ts';
import { savedName } from './saved-name.ts';

const RECENT = 20;
const MOST_SHOWN = 200;

export interface MessageCommandPorts {
  readonly config: () => AgentConfig;
  readonly say: (lines: readonly string[]) => void;
  readonly exitWith: (code: number) => void;
}

export function addMessageCommands(program: Command, { config, say, exitWith }: MessageCommandPorts): void {
  const ask = async <T>(request: ControlRequest): Promise<T> => {
    const answered = await sendControlRequest(config().socket, request);
    if (!answered) {
      throw new CordonError('unavailable', 'The agent is not running. Start it with `cordon-agent run`.');
    }
    return asResponse<T>(answered.ok);
  };

  const conversationWith = createConversationLookup(ask);

  program
    .command('people')
    .description('Find people in your organization who can receive messages')
    .argument('<text>', 'part of a name')
    .option('--json', 'print JSON', false)
    .action(async (text: string, { json }: { json: boolean }) => {
      const found = await ask<readonly FoundPerson[]>({ op: 'people', text });
      say(json ? [plainJson(found)] : peopleLines(found));
      if (found.length === 0) exitWith(EXIT.notFound);
    });

  program
    .command('send')
    .description('Send an encrypted message')
    .showHelpAfterError("Put two hyphens before a text that begins with a hyphen: cordon-agent send -- Bilal '- dates'")
    .argument('<recipient>', 'a person’s name, or a conversation’s title or identifier')
    .argument('<text>', 'the text of the message')
    .option('--attach <file...>', 'files to attach, at most 5 MiB each')
    .option('--json', 'print JSON', false)
    .action(async (recipient: string, text: string, { attach = [], json }: { attach?: string[]; json: boolean }) => {
      const conversation = await conversationWith(recipient);
      const files = attach.map((file) => resolve(file));
      const id = await ask<string>({ op: 'write', conversation, text, files });
      const message = await ask<MessageView>({ op: 'sent', message: id });
      say(json ? [plainJson(message)] : sentLines(message));
      if (message.state === 'refused') exitWith(message.order === null ? EXIT.forbidden : EXIT.refusedByOrder);
    });

  program
    .command('inbox')
    .description('Show unread messages, grouped by conversation')
    .option('--all', 'show all conversations with their latest messages', false)
    .option('--json', 'print JSON', false)
    .action(async ({ all, json }: { all: boolean; json: boolean }) => {
      const inbox = await read(config(), { op: 'inbox', all, limit: MOST_SHOWN });
      say(json ? [plainJson(inbox)] : inboxLines(inbox));
    });

  program
    .command('chat')
    .description('Chat: send each input line as a message, and show new messages')
    .argument('<recipient>', 'a person’s name, or a conversation’s title or identifier')
    .action(async (recipient: string) => chat(await conversationWith(recipient), ask, say));

  program
    .command('attachment')
    .description('Save a file from a message')
    .argument('<message>', 'the message’s identifier')
    .argument('[file]', 'destination file. Default: the name of the attachment, in the current folder')
    .option('--index <n>', 'number of the file in the message, from 1', '1')
    .action(async (message: string, file: string | undefined, { index }: { index: string }) => {
      const given = await ask<{ name: string; bytes: string }>({ op: 'attachment', message, index: Number(index) - 1 });
      const path = file ?? savedName(given.name);
      await writeFile(path, Buffer.from(given.bytes, 'base64'), { mode: 0o600, flag: file === undefined ? 'wx' : 'w' });
      say([path]);
    });

  program
    .command('export')
    .description('Print all messages and files on this device as JSON lines')
    .action(async () => {
      const { openAgent } = await import('./daemon.ts');
      const { agent, store, workspace } = await openAgent({ ...config(), log: 'silent' }, () => undefined);
      try {
        if (workspace.state() === 'passcode') throw new CordonError('workspace_locked', EXPORT_IN_PAGE);
        await agent.messaging.open();
        for await (const line of agent.messaging.export()) say([line]);
      } finally {
        store.close();
      }
    });
}

const EXPORT_IN_PAGE =
  'With a passcode, only the running agent can read the messages. Open the device page with `cordon-agent open`, and choose Export there.';

function createConversationLookup(ask: Ask): (recipient: string) => Promise<string> {
  /**
   * Throws an error if several people have the given name. Skips the check while the server cannot be asked, because only the server can
   * search all people.
   */
  const requireOnePerson = async (recipient: string): Promise<void> => {
    let found: readonly FoundPerson[];
    try {
      found = await ask<readonly FoundPerson[]>({ op: 'people', text: recipient });
    } catch (error) {
      if (isCordonError(error, 'unavailable') || isCordonError(error, 'service_denied')) return;
      throw error;
    }
    requireOneOfName(found, recipient);
  };

  /** Finds the conversation by identifier, title or person. Starts a conversation with the person if none exists. */
  return async (recipient) => {
    const known = findConversation(await ask<readonly ConversationView[]>({ op: 'conversations' }), recipient);
    if (known) {
      if (foundByName(known, recipient)) await requireOnePerson(recipient);
      return known.id;
    }
    const { person } = findPerson(await ask<readonly FoundPerson[]>({ op: 'people', text: recipient }), recipient);
    return ask<string>({ op: 'start', people: [person], title: null });
  };
}

async function read(
  config: AgentConfig,
  request: Extract<ControlRequest, { op: 'inbox' }>,
): Promise<readonly InboxEntry[]> {
  const answered = await sendControlRequest(config.socket, request);
  if (answered) return asResponse<readonly InboxEntry[]>(answered.ok);
  const { openAgent } = await import('./daemon.ts');
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
    // One iteration prints at most `MOST_SHOWN` unread messages. The next iteration prints the rest.
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
  // `Promise.race` below handles a failure of `watching`. This handler only prevents an unhandled rejection before that.
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

/** The daemon's response needs no schema check: the socket belongs to this user, and the daemon is the same program. */
function asResponse<T>(response: unknown): T {
  return response as T;
}
