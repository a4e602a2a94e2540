import { basename } from 'node:path';
import type { ConversationView, MessageView, Messaging, NewAttachment } from '../messaging/messaging.ts';
import { readRegularFile, USER_FILE } from '../regular-file.ts';
import type { ControlRequest, MailProgramsRequest, MailRequest, WorkspaceRequest } from './control.ts';

type MessageRequest = Exclude<
  ControlRequest,
  {
    op:
      | 'status'
      | 'notices'
      | 'admin-messages'
      | 'open'
      | 'passcode'
      | MailRequest['op']
      | MailProgramsRequest['op']
      | WorkspaceRequest['op'];
  }
>;
export type MessageResponder = (request: MessageRequest) => Promise<unknown>;

export function createMessageResponder(messaging: Messaging): MessageResponder {
  const changes = countChanges(messaging);
  return async (request) => {
    switch (request.op) {
      case 'people':
        return messaging.people(request.text);
      case 'conversations':
        return messaging.conversations();
      case 'inbox':
        return inboxOf(messaging, request);
      case 'messages':
        return messaging.messages(request.conversation, { limit: request.limit });
      case 'unseen':
        return messaging.unseen(request.conversation, request.limit);
      case 'start':
        return messaging.start(request);
      case 'write': {
        const attachments = await Promise.all(request.files.map(attachmentFrom));
        return messaging.send(request.conversation, { text: request.text, attachments });
      }
      case 'sent':
        return changes.until(
          () => {
            const message = messaging.message(request.message);
            return message.state === 'waiting' ? null : message;
          },
          () => messaging.message(request.message),
        );
      case 'read':
        return messaging.read(request.conversation, request.messages);
      case 'attachment': {
        const { name, type, bytes } = await messaging.attachment(request.message, request.index);
        return { name, type, bytes: Buffer.from(bytes).toString('base64') };
      }
      case 'changed':
        return changes.until(() => (changes.count() > request.since ? changes.count() : null), changes.count);
    }
  };
}

export interface InboxEntry {
  readonly conversation: ConversationView;
  readonly messages: readonly MessageView[];
}

export function inboxOf(
  messaging: Pick<Messaging, 'conversations' | 'messages' | 'unseen'>,
  { all, limit }: { readonly all: boolean; readonly limit: number },
): InboxEntry[] {
  return messaging
    .conversations()
    .filter(({ unread }) => all || unread > 0)
    .map((conversation) => ({
      conversation,
      messages: all ? messaging.messages(conversation.id, { limit }) : messaging.unseen(conversation.id, limit),
    }));
}

const TYPES: Readonly<Record<string, string>> = {
  '.txt': 'text/plain',
  '.md': 'text/markdown',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.csv': 'text/csv',
};

export async function attachmentFrom(path: string): Promise<NewAttachment> {
  const { content } = await readRegularFile(path, USER_FILE);
  const ending = /\.[a-z0-9]+$/i.exec(path)?.[0].toLowerCase() ?? '';
  return { name: basename(path), type: TYPES[ending] ?? 'application/octet-stream', bytes: content };
}

interface Changes {
  count(): number;
  /**
   * Waits for a result: calls `look` now and after each change of the user's messages, and resolves with the first result that is not null.
   * After `CHANGE_WITHIN`, resolves with the result of `otherwise` instead.
   */
  until<T>(look: () => T | null, otherwise: () => T): Promise<T>;
}

/** Maximum milliseconds that the daemon waits for a change of the user's messages before it responds to the command line. */
const CHANGE_WITHIN = 20_000;

function countChanges(messaging: Messaging): Changes {
  let count = 1;
  messaging.onChange(() => {
    count += 1;
  });
  return {
    count: () => count,
    async until(look, otherwise) {
      const found = look();
      if (found !== null) return found;
      return new Promise((resolve, reject) => {
        const settle = (finish: () => void) => {
          clearTimeout(deadline);
          stopLooking();
          finish();
        };
        const deadline = setTimeout(() => settle(() => resolve(otherwise())), CHANGE_WITHIN).unref();
        const stopLooking = messaging.onChange(() => {
          try {
            const now = look();
            if (now !== null) settle(() => resolve(now));
          } catch (error) {
            settle(() => reject(error));
          }
        });
      });
    },
  };
}
