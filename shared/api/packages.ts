/** Packages of the organization itself. */
import { z } from 'zod';
import { approverSignature, envelopeSchema, sha256Hex } from '../order/documents.ts';
import { ownPackageSchema, PACKAGE_FORMATS } from '../software/own-package.ts';
import { instant } from './wire.ts';

export const packageView = ownPackageSchema.extend({
  format: z.enum(PACKAGE_FORMATS),
  note: z.string(),
  uploadedAt: instant,
  uploadedBy: z.string(),
  /** Signed statement; null until an approver has signed it. Devices install only signed packages. */
  envelope: envelopeSchema.nullable(),
  signedBy: z.string().nullable(),
  /** Exact text that the approver signs. */
  statement: z.string(),
  /** Names of the approvers of the current approver set who are independent of the uploader, and can therefore sign. */
  signers: z.array(z.string()),
  /**
   * Reasons why the rule of two people refuses an action of the caller on this package; null if it does not. `install` and `publish` are null
   * until the package is signed.
   */
  obstacles: z.object({
    sign: z.string().nullable(),
    install: z.string().nullable(),
    publish: z.string().nullable(),
  }),
});
export type PackageView = z.infer<typeof packageView>;
/** List of packages. `people`: names of the accounts that uploaded or signed, by account id. */
export const packageList = z.object({ packages: z.array(packageView), people: z.record(z.string(), z.string()) });
export const packageParams = z.object({ sha256: sha256Hex });
/**
 * Facts of the package file. A Debian package needs them, and each device compares them with the file before it installs the package. The server
 * reads the facts of an RPM package itself.
 */
export const packageUpload = ownPackageSchema
  .pick({ name: true, version: true, architecture: true })
  .partial()
  .extend({ note: z.string().max(500).default('') });
export const packageSignature = z.strictObject({ keyid: sha256Hex, signature: approverSignature });
