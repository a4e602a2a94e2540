/**
 * Contents of a conversation, as canonical JSON that is padded and sealed. They include everything that reveals something, such as a
 * conversation's title and file names. Schemas are strict: if one agent displayed a field that another ignores, one signature would cover
 * two different messages.
 */
import { z } from 'zod';
import { CordonError, isCordonError } from '../errors.ts';
import { decodeCanonical, encodeCanonical } from '../order/canonical.ts';
import { personId, sha256Hex } from '../order/documents.ts';
import { attachmentIdSchema } from '../protocol/device-http.ts';
import { conversationIdSchema, MOST_RECIPIENTS } from '../protocol/frames.ts';
import { deviceIdSchema } from '../protocol/ids.ts';
import { pad, unpad } from './padding.ts';

export const LONGEST_TEXT = 16_000;
export const MOST_ATTACHMENTS = 16;
export const LARGEST_ATTACHED = 5 * 1024 * 1024;
/** Most people in a new conversation. People who are added at the same time may exceed this number. */
export const LARGEST_CONVERSATION = 200;
/** Maximum number of statements about people in one content. */
export const MOST_WORDS = 2 * MOST_RECIPIENTS;

/** Sizes to which contents are padded. The largest one, with the data that MLS adds, stays below `LARGEST_SEALED`. */
const BUCKETS = [256, 1024, 4096, 16_384, 65_536, 126_976];

/**
 * The newest ledger tree that the sender has verified. Recipients compare the sender's tree with their own, to detect a server that shows
 * different ledgers.
 */
const ledger = z
  .strictObject({
    /** Name of the ledger after a continuation; absent for the first name. */
    origin: z.string().max(100).optional(),
    size: z.int().min(0),
    root: z.base64().length(44),
  })
  .nullable();

/** Name and key of a file; without it, nobody can find or decrypt the file (`attachment.ts`). */
const attachmentSchema = z.strictObject({
  id: attachmentIdSchema,
  /** AES-256 key. */
  key: z.base64().length(44),
  /** Hash of the sealed bytes. */
  sha256: sha256Hex,
  name: z.string().min(1).max(255),
  /** Media type, as the sender states it. */
  type: z.string().min(1).max(127),
  /** Size in bytes before sealing. */
  size: z.int().min(0).max(LARGEST_ATTACHED),
});
export type SealedAttachment = z.infer<typeof attachmentSchema>;

export const contentSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    id: z.uuid(),
    /** The sender's time, Unix milliseconds. */
    at: z.int().min(0),
    text: z.string().max(LONGEST_TEXT),
    attachments: z.array(attachmentSchema).max(MOST_ATTACHMENTS),
    /**
     * This device's previous message that the server has accepted for all recipients, and its epoch. A member of that epoch without that
     * message knows that it is missing. Null: no accepted message is known.
     */
    after: z.strictObject({ id: z.uuid(), epoch: z.int().min(0) }).nullable(),
    ledger,
  }),
  /** State of other members' messages on this device. */
  z.strictObject({
    type: z.literal('receipt'),
    of: z.array(z.uuid()).min(1).max(200),
    /** `missing`: a later message names this message in `after`, and this device does not have it. */
    state: z.enum(['delivered', 'read', 'missing']),
    ledger,
  }),
  /**
   * Title of the conversation, and its people. The newest statement about the title, and about each person, is valid. A new title does not
   * change the people.
   */
  z.strictObject({
    type: z.literal('about'),
    /** Time of the title. */
    at: z.int().min(0),
    title: z.string().min(1).max(120).nullable(),
    /**
     * People who belong to the conversation, and people who left, as far as this device knows. `at`: time of the statement; 0 for the first
     * people.
     */
    people: z
      .array(z.strictObject({ person: personId, at: z.int().min(0), belongs: z.boolean() }))
      .min(1)
      .max(MOST_WORDS)
      .refine((words) => new Set(words.map(({ person }) => person)).size === words.length, 'names a person twice'),
    /** The conversation that this one continues, and the enrollments that it excludes because they blocked the earlier one (ADR 32). */
    continues: z
      .strictObject({
        conversation: conversationIdSchema,
        without: z.array(z.strictObject({ device: deviceIdSchema, generation: z.int().min(1) })).max(64),
      })
      .optional(),
    ledger,
  }),
]);
export type Content = z.infer<typeof contentSchema>;

const KINDS: ReadonlySet<unknown> = new Set(contentSchema.options.map(({ shape }) => shape.type.value));

/** Encodes and pads a content. Throws `content_malformed` if it does not match its schema, `too_large` if it exceeds the largest size. */
export function encodeContent(content: Content): Uint8Array<ArrayBuffer> {
  const parsed = contentSchema.safeParse(content);
  if (!parsed.success) throw malformed(parsed.error);
  return pad(
    canonical(() => encodeCanonical(parsed.data)),
    BUCKETS,
  );
}

/** Decodes a padded content. Throws `content_malformed`, or `content_unknown` for a kind of a newer agent. */
export function decodeContent(padded: Uint8Array): Content {
  const bytes = unpad(padded, BUCKETS);
  if (!bytes) throw new CordonError('content_malformed', 'The content has no valid padding.');
  const value = canonical(() => decodeCanonical(bytes));
  const parsed = contentSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { data: kind } = z.object({ type: z.string() }).safeParse(value);
  if (kind && !KINDS.has(kind.type)) {
    const detail = `This agent does not know the kind of the content. Update the agent. Kind: ${JSON.stringify(kind.type.slice(0, 40))}.`;
    throw new CordonError('content_unknown', detail);
  }
  throw malformed(parsed.error);
}

function canonical<T>(spell: () => T): T {
  try {
    return spell();
  } catch (cause) {
    if (!isCordonError(cause, 'document_malformed')) throw cause;
    throw new CordonError('content_malformed', cause.message, {}, cause);
  }
}

function malformed(error: z.ZodError): CordonError {
  const [issue] = error.issues;
  const why = issue ? `${issue.path.join('.') || 'it'}: ${issue.message}` : 'unknown reason';
  return new CordonError('content_malformed', `The content does not match its format: ${why}.`, {}, error);
}
