/** Settings of a monitor: one JSON file, which may contain passwords. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { openingSchema } from '../../shared/ledger/ledger-entry.ts';
import { orderNumber, witnessPolicySchema } from '../../shared/order/documents.ts';
import { requirePrivateFile } from '../../shared/private-file.ts';
import { mailAddress, mailUrl } from '../config-values.ts';

const subject = z.string().regex(/^[a-z]{3}_[a-z2-7]{16}$/, 'must be an identifier of a device, person or account');
const httpUrl = z.url({ protocol: /^https?$/ });

/** - */
/** Maximum number of watched subjects, the number that one person can read in 24 hours (`server/reading-limit.ts`). */
const MOST_SUBJECTS = 5;

const watchSchema = z.strictObject({
  name: z.string().min(1).max(100),
  orders: z.array(orderNumber).max(1000).default([]),
  /** Serial numbers of certificates, as the ledger has them. */
  serials: z.array(z.string().min(1).max(100)).max(1000).default([]),
  /** Openings (salt and subject) of entries about a device or a person. */
  openings: z.array(openingSchema).max(10_000).default([]),
  /** Identifiers of devices, people or accounts. The monitor requests their openings with the token in `api`. */
  subjects: z.array(subject).max(MOST_SUBJECTS).default([]),
});
export type Watch = z.output<typeof watchSchema>;

const settingsSchema = z
  .strictObject({
    /** URL of the public listener. */
    ledger: httpUrl,
    /** Verifier key of the ledger, from a source other than the server. */
    key: z.string().min(1).max(500),
    /** PEM file with the root certificate of the server. */
    ca: z.string().min(1).optional(),
    witnesses: witnessPolicySchema.optional(),
    watch: z.array(watchSchema).max(100).default([]),
    /** Admin listener and token of an account with the role auditor, for the openings of subjects. */
    api: z.strictObject({ server: httpUrl, token: z.string().min(1).max(500) }).optional(),
    webhook: z.strictObject({ url: httpUrl, secret: z.string().min(16).max(500) }).optional(),
    mail: z.strictObject({ url: mailUrl, from: mailAddress, to: mailAddress }).optional(),
  })
  .refine(({ watch, api }) => api !== undefined || watch.every(({ subjects }) => subjects.length === 0), {
    path: ['api'],
    message: 'must be set, because a watch names subjects',
  })
  .refine(({ watch }) => new Set(watch.flatMap(({ subjects }) => subjects)).size <= MOST_SUBJECTS, {
    path: ['watch'],
    message: `may name at most ${MOST_SUBJECTS} subjects in total, because the server lets one person read no more a day`,
  });
export type MonitorSettings = z.output<typeof settingsSchema>;

/** Reads the settings. Throws `invalid_input` with the first faulty field, or if other users can read the file. */
export function readSettings(path: string): MonitorSettings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CordonError('not_found', `Cannot read ${path}. Create it as OPERATIONS.md shows.`, {}, error);
  }
  requirePrivateFile(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CordonError('invalid_input', `${path} is not JSON.`, {}, error);
  }
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) {
    const { ca } = parsed.data;
    return { ...parsed.data, ...(ca !== undefined && { ca: readFileSync(resolve(dirname(path), ca), 'utf8') }) };
  }
  const [issue] = parsed.error.issues;
  throw new CordonError('invalid_input', `${path}: ${issue?.path.join('.')} ${issue?.message}`, {}, parsed.error);
}
