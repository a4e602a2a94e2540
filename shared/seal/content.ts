/**
 * Contents of messages in a conversation: canonical JSON, padded and encrypted. Schemas refuse unknown fields. If one agent displayed a
 * field that another agent ignores, two users would see different messages with the same signature.
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
/** Maximum number of people in a new conversation. Members who add people at the same time may exceed it. */
export const LARGEST_CONVERSATION = 200;
/** Maximum number of people in the list `people` of one message: current members and people who left. */
export const MOST_PEOPLE_STATEMENTS = 2 * MOST_RECIPIENTS;

/** Sizes in bytes to which contents are padded. The largest size plus the data that MLS adds is below `LARGEST_SEALED`. */
const BUCKETS = [256, 1024, 4096, 16_384, 65_536, 126_976];

/**
 * Newest size and root hash of the ledger that the sender has verified. Recipients compare them with their own, to detect a server that
 * shows different ledgers to different devices.
 */
const ledger = z
  .strictObject({
    /** Name of the ledger; absent for its first name. Approvers give the ledger a new name after it lost entries. */
    origin: z.string().max(100).optional(),
    size: z.int().min(0),
    root: z.base64().length(44),
  })
  .nullable();

/**
 * Name and key of an encrypted file. Without the name, nobody can find the file; without the key, nobody can decrypt it (`attachment.ts`).
 */
const attachmentSchema = z.strictObject({
  id: attachmentIdSchema,
  key: z.base64().length(44),
  /** SHA-256 of the encrypted file. */
  sha256: sha256Hex,
  name: z.string().min(1).max(255),
  type: z.string().min(1).max(127),
  /** Size of the file in bytes before encryption. */
  size: z.int().min(0).max(LARGEST_ATTACHED),
});
export type SealedAttachment = z.infer<typeof attachmentSchema>;

export const contentSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    id: z.uuid(),
    /** Time by the sender's clock, in Unix milliseconds. */
    at: z.int().min(0),
    text: z.string().max(LONGEST_TEXT),
    attachments: z.array(attachmentSchema).max(MOST_ATTACHMENTS),
    /**
     * Last message of the sending device that the server accepted for all recipients, with its epoch (version of the conversation's keys);
     * null if the device knows of none. Recipients can detect that this message is missing.
     */
    after: z.strictObject({ id: z.uuid(), epoch: z.int().min(0) }).nullable(),
    ledger,
  }),
  /** Receipt: the state of other members' messages on the device that sends the receipt. */
  z.strictObject({
    type: z.literal('receipt'),
    messages: z.array(z.uuid()).min(1).max(200),
    /**
     * State of the messages in `messages` on the device that sends the receipt. `missing`: a later message refers to the messages in `messages`, but
     * the device has not received them.
     */
    state: z.enum(['delivered', 'read', 'missing']),
    ledger,
  }),
  /** Title and people of the conversation. The newest statement about the title, and the newest statement about each person, is valid. */
  z.strictObject({
    type: z.literal('description'),
    at: z.int().min(0),
    title: z.string().min(1).max(120).nullable(),
    /**
     * For each person, the newest known statement that the person belongs to the conversation or left it (`belongs`). `at` is the time of
     * this statement; 0 for the people with whom the conversation began.
     */
    people: z
      .array(z.strictObject({ person: personId, at: z.int().min(0), belongs: z.boolean() }))
      .min(1)
      .max(MOST_PEOPLE_STATEMENTS)
      .refine((words) => new Set(words.map(({ person }) => person)).size === words.length, 'names a person twice'),
    /**
     * Earlier conversation that this conversation continues. `excludedDevices` lists the excluded enrollments, because they made the
     * earlier conversation unusable (ADR 32).
     */
    continues: z
      .strictObject({
        conversation: conversationIdSchema,
        excludedDevices: z.array(z.strictObject({ device: deviceIdSchema, generation: z.int().min(1) })).max(64),
      })
      .optional(),
    ledger,
  }),
]);
export type Content = z.infer<typeof contentSchema>;

const KINDS: ReadonlySet<unknown> = new Set(contentSchema.options.map(({ shape }) => shape.type.value));

/** Padded bytes of a message content. Throws `content_malformed` or `too_large`. */
export function encodeContent(content: Content): Uint8Array<ArrayBuffer> {
  const parsed = contentSchema.safeParse(content);
  if (!parsed.success) throw malformed(parsed.error);
  return pad(
    canonical(() => encodeCanonical(parsed.data)),
    BUCKETS,
  );
}

/** Message content from padded bytes. Throws `content_malformed`, or `content_unknown` for a kind that only newer agents know. */
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
