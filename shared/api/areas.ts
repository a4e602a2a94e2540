/** The organization's own groups of countries and polygons. Orders may name them. */
import { z } from 'zod';
import { orderPolygonSchema } from '../order/documents.ts';
import { instant } from './wire.ts';

/** Maximum size of an import, in bytes. A polygon with 2,000 points takes a tenth of the maximum. */
export const LARGEST_GEOJSON = 2_000_000;

/** Name of a group or polygon. Lower case, so that it cannot be mistaken for an ISO 3166 code. */
const areaName = z
  .string()
  .max(28)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a name is small letters, digits and single hyphens: lahore-cantonment');
const areaTitle = z.string().trim().min(1).max(120);

const namedArea = z.object({
  /** Code such as `XG-sales` or `XZ-lahore`. */
  code: z.string(),
  version: z.int(),
  title: z.string(),
  madeAt: instant,
  /** Account that created this version. */
  madeBy: z.string(),
});
/** Countries of a group (`members`) or outline of a polygon (`polygon`). The field that does not apply is null. */
export const namedAreaView = namedArea.extend({
  members: z.array(z.string()).nullable(),
  polygon: orderPolygonSchema.pick({ rings: true, touches: true }).nullable(),
});
export type NamedAreaView = z.output<typeof namedAreaView>;
export const namedAreaList = z.object({
  areas: z.array(
    namedAreaView.extend({
      /** Earlier versions, newest first. */
      earlier: z.array(namedArea.omit({ code: true })),
      /** Whether the caller's role reaches all countries of the area, so that the caller can change or delete it. */
      changeable: z.boolean(),
    }),
  ),
  /** Areas to which the caller's changes are limited. Null: no limit. Empty: the caller cannot change named areas. */
  limit: z.array(z.string()).nullable(),
  /** Names of the admins, by account. */
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
