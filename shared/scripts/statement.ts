/**
 * Statement about one version of a script. The reviewer signs its canonical JSON with an approver key (DSSE), and the agent runs the
 * script only with a valid signature. The statement contains the digest of the text, and the text itself travels beside it.
 */
import { z } from 'zod';
import { parseDocument } from '../order/canonical.ts';
import { sha256Hex, timestamp } from '../order/documents.ts';
import { argumentDeclarations } from './declared-arguments.ts';
import { INTERPRETERS, LARGEST_MEMORY, LARGEST_OUTPUT, LONGEST_RUN, SMALLEST_MEMORY } from './limits.ts';

const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;

export const scriptTitle = z.string().min(1).max(80);
export const scriptPurpose = z.string().min(1).max(400);
export const scriptLimits = {
  /** Seconds after which the agent ends the script. It is also the limit of the CPU time of each process. */
  seconds: z.int().min(1).max(LONGEST_RUN),
  /** Address space of each process of the script, in MiB. */
  memory: z.int().min(SMALLEST_MEMORY).max(LARGEST_MEMORY),
  /** Output that the agent keeps and sends, in KiB of UTF-8. */
  output: z.int().min(1).max(LARGEST_OUTPUT),
};

export const scriptStatementSchema = z.strictObject({
  installation: z.string().regex(IDENTIFIER),
  script: z.string().regex(/^scr_[a-z2-7]{16}$/),
  version: z.int().min(1),
  name: scriptTitle,
  purpose: scriptPurpose,
  interpreter: z.enum(INTERPRETERS),
  /** SHA-256 of the text in UTF-8. */
  text: sha256Hex,
  ...scriptLimits,
  /** Arguments that the script accepts. Without this field, the script accepts none. */
  arguments: argumentDeclarations.min(1).optional(),
  /** Person who wrote this version. The signature of this person does not count as a review. */
  author: z.string().regex(IDENTIFIER),
  /** Time after which no agent runs this version. */
  expires: timestamp,
});
export type ScriptStatement = z.infer<typeof scriptStatementSchema>;

/** Parses the bytes of a statement. Throws `document_malformed`. */
export const parseScriptStatement = (payload: Uint8Array): ScriptStatement =>
  parseDocument(scriptStatementSchema, payload);
