/** Forms that several resources share on the wire. */
import { z } from 'zod';
import { parseArea, parseEvidenceArea, parsePlace } from '../areas/area-code.ts';
import { LONGEST_ATOM } from '../areas/atom.ts';

/** Unix milliseconds. */
export const instant = z.int().min(0);
/** What an order or a grant can name: a country, a subdivision or a group of countries. Throws `unknown_area`. */
export const areaText = z.string().max(32).transform(parseArea);
/** Where a device can be at home: a country or a subdivision. Throws `unknown_area`. */
export const placeText = z.string().max(32).transform(parsePlace);
/** Where a device can be: a place or disputed ground, as an atom too. Throws `unknown_area`. */
export const whereText = z.string().max(LONGEST_ATOM).transform(parseEvidenceArea);
export const personName = z.string().trim().min(1).max(120);
export const nothing = z.strictObject({});
/** Answered when there is nothing to say but that it was done. */
export const done = z.object({ done: z.literal(true) });
export const DONE = { done: true } as const;

/** RFC 9457. `code` is stable; `detail` says how to mend it. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  context: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof problemSchema>;
