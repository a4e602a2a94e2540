/** Content of a message from an SMTP client, within limits of size and memory. */
import type { SMTPServerDataStream } from 'smtp-server';
import { REPLIES, type SmtpReply } from './smtp-reply.ts';

/** Content of the message, or the refusal of a message that is too large for a limit. The function always reads the whole stream. */
export type ReadContent = (stream: SMTPServerDataStream) => Promise<Buffer | SmtpReply>;

/**
 * Creates the reader of message contents. `largest`: maximum bytes of a message. `memory`: maximum bytes of all messages that are read at
 * the same time.
 */
export function createContentReader({ largest, memory }: { largest: number; memory: number }): ReadContent {
  let inMemory = 0;
  return async (stream) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let fault: SmtpReply | null = null;
    try {
      for await (const chunk of stream) {
        if (fault) continue;
        const bytes: Buffer = chunk;
        size += bytes.length;
        inMemory += bytes.length;
        chunks.push(bytes);
        if (size > largest) fault = REPLIES.tooLarge;
        else if (inMemory > memory) fault = REPLIES.queueFull;
        if (fault) chunks.length = 0;
      }
      return fault ?? Buffer.concat(chunks);
    } finally {
      inMemory -= size;
    }
  };
}
