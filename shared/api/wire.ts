import { z } from 'zod';
import { parseEvidenceArea, parseHomeArea, parseScopeArea } from '../areas/area-code.ts';
import { LONGEST_EVIDENCE_AREA } from '../areas/evidence-text.ts';

/** Time in Unix milliseconds. */
export const instant = z.int().min(0);
/** Schema for the area of a role: a country, a subdivision or a group of countries. Throws `unknown_area` for other text. */
export const areaText = z.string().max(32).transform(parseScopeArea);
/** Schema for the home area of a device: a country or a subdivision. Throws `unknown_area` for other text. */
export const homeAreaText = z.string().max(32).transform(parseHomeArea);
/**
 * Schema for an area in which a device can be: a country, a subdivision or a disputed territory, optionally with polygons. Throws
 * `unknown_area` for other text.
 */
export const evidenceAreaText = z.string().max(LONGEST_EVIDENCE_AREA).transform(parseEvidenceArea);
export const personName = z.string().trim().min(1).max(120);
export const nothing = z.strictObject({});
export const done = z.object({ done: z.literal(true) });
export const DONE = { done: true } as const;

/** Problem response (RFC 9457). `code` is stable. `detail` states the cause and the remedy. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  context: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof problemSchema>;
