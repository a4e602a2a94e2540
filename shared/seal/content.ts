/**
 * What is sealed in a conversation: canonical JSON of one of these kinds, padded. Everything that says anything is in here, a conversation's title
 * and the names of files among it. Schemas are strict: what one agent shows and another skips would be two messages under one signature.
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
/** People whom somebody brings together. Where several do so at once it may become more, each with a device at the least. */
export const LARGEST_CONVERSATION = 200;
/** On people, in one content. */
export const MOST_WORDS = 2 * MOST_RECIPIENTS;

/** The last one and what MLS adds to it stay below `LARGEST_SEALED`. */
const BUCKETS = [256, 1024, 4096, 16_384, 65_536, 126_976];

/** The newest tree of the ledger that the sender has verified: who is shown another one has been lied to. */
const ledger = z.strictObject({ size: z.int().min(0), root: z.base64().length(44) }).nullable();

/** Says where the file is, and is the only way to open it (`attachment.ts`). */
const attachmentSchema = z.strictObject({
  id: attachmentIdSchema,
  /** AES-256. */
  key: z.base64().length(44),
  /** Of the sealed bytes, as they were handed in. */
  sha256: sha256Hex,
  name: z.string().min(1).max(255),
  /** Media type, as the sender says. */
  type: z.string().min(1).max(127),
  /** Bytes, open. */
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
     * The newest one of this device before it that the server has taken for everybody, and the epoch in which that was sealed: whoever was in it
     * then and lacks it knows that something is missing. Null: none that is known to have been taken.
     */
    after: z.strictObject({ id: z.uuid(), epoch: z.int().min(0) }).nullable(),
    ledger,
  }),
  /** What became of messages of others on this device. */
  z.strictObject({
    type: z.literal('receipt'),
    of: z.array(z.uuid()).min(1).max(200),
    /** `missing`: a later one names it in `after`, and it is not here. */
    state: z.enum(['delivered', 'read', 'missing']),
    ledger,
  }),
  /**
   * What the conversation is called and who belongs to it, in people. Of the title, and of each person, the newest word counts: whoever gives it a
   * title says nothing new of its people.
   */
  z.strictObject({
    type: z.literal('about'),
    /** When it was called so. */
    at: z.int().min(0),
    title: z.string().min(1).max(120).nullable(),
    /** Those who belong to it, and those who did, as far as is remembered. `at`: when it was said of them; 0: when they first came. */
    people: z
      .array(z.strictObject({ person: personId, at: z.int().min(0), belongs: z.boolean() }))
      .min(1)
      .max(MOST_WORDS)
      .refine((words) => new Set(words.map(({ person }) => person)).size === words.length, 'names somebody twice'),
    /** The conversation that this one continues, and the enrollments that it leaves out because they blocked that one (ADR 32). */
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

/** Throws `content_malformed` for what does not fit its schema, `too_large` for what fits in no bucket. */
export function encodeContent(content: Content): Uint8Array<ArrayBuffer> {
  const parsed = contentSchema.safeParse(content);
  if (!parsed.success) throw malformed(parsed.error);
  return pad(
    canonical(() => encodeCanonical(parsed.data)),
    BUCKETS,
  );
}

/** Throws `content_malformed`, or `content_unknown` for a kind that this agent is too old for. */
export function decodeContent(padded: Uint8Array): Content {
  const bytes = unpad(padded, BUCKETS);
  if (!bytes) throw new CordonError('content_malformed', 'The content is not padded as content is.');
  const value = canonical(() => decodeCanonical(bytes));
  const parsed = contentSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { data: kind } = z.object({ type: z.string() }).safeParse(value);
  if (kind && !KINDS.has(kind.type)) {
    const detail = `The content is of a kind that this agent does not know: ${JSON.stringify(kind.type.slice(0, 40))}.`;
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
  return new CordonError('content_malformed', `The content does not fit its format: ${why}.`, {}, error);
}
