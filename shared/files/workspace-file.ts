/** Files that the organization sends into the workspace of a device, or fetches from it. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';

/** Maximum size of a file in bytes. */
export const LARGEST_FILE = 16 * 1024 * 1024;
export const LONGEST_NAME = 200;
export const LONGEST_REASON = 500;

/**
 * Letters, marks, digits, punctuation, symbols and spaces, with the joiners of Persian and Indic scripts. The name is one component of a
 * path on every system, so it has no separator, no reserved character of Windows, and neither begins nor ends with a dot or a space.
 */
const FILE_NAME = /^(?![ .])(?:(?![/\\<>:"|?*])[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\u200c\u200d])+(?<![ .])$/u;

export const fileNameSchema = z
  .string()
  .min(1)
  .max(LONGEST_NAME)
  .refine((name) => FILE_NAME.test(name), 'must be the name of a file without a folder');

/** File with its digest. A device compares both with the received bytes before it stores the file. */
export const pushedFileSchema = z.strictObject({
  name: fileNameSchema,
  sha256: sha256Hex,
  size: z.int().min(1).max(LARGEST_FILE),
});
export type PushedFile = z.infer<typeof pushedFileSchema>;

/** `reason`: sentence that the device displays to its user. */
export const fetchedFileSchema = z.strictObject({
  name: fileNameSchema,
  reason: z
    .string()
    .min(1)
    .max(LONGEST_REASON)
    .refine((reason) => reason === reason.trim(), 'must not begin or end with a space'),
});
export type FetchedFile = z.infer<typeof fetchedFileSchema>;
