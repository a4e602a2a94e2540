/** Groups and polygons of the operator's own, which orders may name. */
import { z } from 'zod';
import { orderPolygonSchema } from '../order/documents.ts';
import { instant } from './wire.ts';

/** Two thousand points take a tenth of it. */
export const LARGEST_GEOJSON = 2_000_000;

/** In small letters, so that it is never taken for a code of somebody else's. */
const areaName = z
  .string()
  .max(28)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a name is small letters, digits and single hyphens: lahore-cantonment');
const areaTitle = z.string().trim().min(1).max(120);

const namedArea = z.object({
  /** `XG-sales`, `XZ-lahore`. */
  code: z.string(),
  version: z.int(),
  title: z.string(),
  madeAt: instant,
  /** An account. */
  madeBy: z.string(),
});
/** Members of a group, or the outline of a polygon; the other is null. */
export const namedAreaView = namedArea.extend({
  members: z.array(z.string()).nullable(),
  polygon: orderPolygonSchema.pick({ rings: true, touches: true }).nullable(),
});
export type NamedAreaView = z.output<typeof namedAreaView>;
export const namedAreaList = z.object({
  areas: z.array(
    namedAreaView.extend({
      /** The newest first. */
      earlier: z.array(namedArea.omit({ code: true })),
      /** The caller can define, import or remove it: the caller's role reaches all its countries. */
      changeable: z.boolean(),
    }),
  ),
  /** The areas to which the caller's changes are limited. Null: no limit. Empty: the caller cannot change named areas. */
  limit: z.array(z.string()).nullable(),
  /** Account → name. */
  people: z.record(z.string(), z.string()),
});
export type NamedAreaList = z.output<typeof namedAreaList>;

export const namedAreaParams = z.strictObject({ code: z.string().max(32) });

export const groupDefinition = z.strictObject({
  name: areaName,
  title: areaTitle,
  members: z.array(z.string().max(32)).min(1).max(300),
});
export const polygonQuery = z.strictObject({ name: areaName, title: areaTitle });
