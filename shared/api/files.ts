/** Files for devices, and files that were fetched from devices. */
import { z } from 'zod';
import { fileNameSchema, pushedFileSchema } from '../files/workspace-file.ts';
import { sha256Hex } from '../order/documents.ts';
import { commandIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

export const fileView = pushedFileSchema.extend({ note: z.string(), uploadedAt: instant, uploadedBy: z.string() });
export type FileView = z.infer<typeof fileView>;
/** `people`: names of the accounts that uploaded. */
export const fileList = z.object({ files: z.array(fileView), people: z.record(z.string(), z.string()) });
export const fileParams = z.object({ sha256: sha256Hex });
export const fileUpload = z.object({ name: fileNameSchema, note: z.string().max(500).default('') });

export const fetchedFileList = z.object({
  files: z.array(
    z.object({
      /** Command that fetched the file. */
      command: commandIdSchema,
      name: z.string(),
      reason: z.string(),
      at: instant,
      size: z.int(),
      deletedAt: instant,
    }),
  ),
});
export const fetchedFileParams = z.object({ id: deviceIdSchema, command: commandIdSchema });
