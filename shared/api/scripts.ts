/** Scripts that admins run on devices (`shared/scripts/`). `POST /commands` with the kind `run-script` runs a reviewed version. */
import { z } from 'zod';
import { approverSignature, sha256Hex } from '../order/documents.ts';
import { accountIdSchema, personIdSchema, scriptIdSchema } from '../protocol/ids.ts';
import { argumentDeclarations } from '../scripts/declared-arguments.ts';
import { hasNoNul, INTERPRETERS, LARGEST_SCRIPT, LONGEST_VALIDITY } from '../scripts/limits.ts';
import { scriptLimits, scriptPurpose, scriptTitle } from '../scripts/statement.ts';
import { instant } from './wire.ts';

const version = z.int().min(1);
const pathVersion = z.coerce.number().int().min(1);

/** Content of a version. A version never changes. */
const content = {
  purpose: scriptPurpose,
  interpreter: z.enum(INTERPRETERS),
  text: z
    .string()
    .min(1)
    .refine((text) => new TextEncoder().encode(text).length <= LARGEST_SCRIPT, 'must have at most 64 KiB')
    .refine((text) => hasNoNul(text) && text.isWellFormed(), 'must be text without NUL'),
  ...scriptLimits,
  /** Arguments that the script accepts, such as `count: integer`. */
  arguments: argumentDeclarations.default([]),
  /** Days until the version expires. */
  days: z.int().min(1).max(LONGEST_VALIDITY).default(180),
};

export const newScript = z.strictObject({ name: scriptTitle, ...content });
/** Content of the next version. `after`: newest version that the author has read. The request fails if there is a newer one. */
export const newScriptVersion = z.strictObject({ after: version, ...content });
export const scriptParams = z.object({ id: scriptIdSchema });
export const scriptVersionParams = z.object({ id: scriptIdSchema, version: pathVersion });
export const scriptVersionQuery = z.strictObject({ before: pathVersion.optional() });

export const scriptVersionView = z.object({
  script: scriptIdSchema,
  version,
  /** State of a version. `lapsed`: no reviewer is in the current approver set and independent of the author. Only a reviewed version can run. */
  state: z.enum(['unreviewed', 'reviewed', 'lapsed', 'expired', 'withdrawn']),
  purpose: z.string(),
  interpreter: z.enum(INTERPRETERS),
  text: z.string(),
  seconds: z.int(),
  memory: z.int(),
  output: z.int(),
  arguments: z.array(z.string()),
  /** Exact text that reviewers sign, and its SHA-256. The public ledger has the same digest. */
  payload: z.string(),
  digest: z.string(),
  author: personIdSchema,
  createdBy: accountIdSchema,
  createdAt: instant,
  expiresAt: instant,
  reviews: z.array(z.object({ keyid: z.string(), account: accountIdSchema, name: z.string(), at: instant })),
  withdrawn: z.object({ at: instant, by: accountIdSchema }).nullable(),
  /** Names of the approvers of the current approver set who are independent of the author, and can therefore review. */
  reviewers: z.array(z.string()),
  /** Reason why the rule of two people refuses a review by the caller; null if it does not. */
  obstacle: z.string().nullable(),
});
export type ScriptVersionView = z.infer<typeof scriptVersionView>;
export const scriptVersionList = z.object({
  versions: z.array(scriptVersionView),
  people: z.record(z.string(), z.string()),
});

export const scriptView = z.object({
  id: scriptIdSchema,
  name: z.string(),
  createdAt: instant,
  newestVersion: version,
});
export type ScriptView = z.infer<typeof scriptView>;
export const scriptList = z.object({
  scripts: z.array(
    scriptView.extend({
      /** State and purpose of the newest version. */
      state: scriptVersionView.shape.state,
      purpose: z.string(),
    }),
  ),
});
/** Review of the version with the digest that the reviewer read. */
export const scriptReview = z.strictObject({ digest: sha256Hex, keyid: sha256Hex, signature: approverSignature });

export const scriptSettings = z.object({ on: z.boolean(), at: instant.nullable(), by: z.string().nullable() });
export const scriptSettingsChange = z.strictObject({ on: z.boolean() });

export const scriptOutputQuery = z.strictObject({ from: z.coerce.number().int().min(0).default(0) });
export const scriptOutput = z.object({
  text: z.string(),
  /** Value of `from` in the next request. If there is no more output now, it equals the requested value. */
  next: z.int(),
  /** True if the command has ended, so that no more output follows after `next`. */
  ended: z.boolean(),
});
