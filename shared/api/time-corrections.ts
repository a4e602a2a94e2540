/** Time corrections: approvers sign them to reset the clocks of devices after the server's clock was ahead. */
import { z } from 'zod';
import { envelopeSchema } from '../order/documents.ts';
import { instant } from './wire.ts';

export const timeCorrectionView = z.object({
  version: z.int(),
  envelope: envelopeSchema,
  publishedAt: instant,
  publishedBy: z.string(),
});
export const timeCorrectionList = z.object({ corrections: z.array(timeCorrectionView) });
export const newTimeCorrection = z.strictObject({ envelope: envelopeSchema });
