/** Groups of countries and polygons that the organization has named. Orders may use these areas. */
import { z } from 'zod';
import { orderPolygonSchema } from '../order/documents.ts';
import { instant } from './wire.ts';

/** Maximum size of a GeoJSON import, in bytes. A polygon with 2,000 points takes a tenth of this size. */
export const LARGEST_GEOJSON = 2_000_000;

/** Name of a group or polygon, in lower case so that nobody mistakes the name for an ISO 3166 code. */
const areaName = z
  .string()
  .max(28)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'a name is small letters, digits and single hyphens: lahore-cantonment');
const areaTitle = z.string().trim().min(1).max(120);

const namedArea = z.object({
  /** Code of a named area, such as `XG-sales` or `XZ-lahore`. */
  code: z.string(),
  version: z.int(),
  title: z.string(),
  madeAt: instant,
  madeBy: z.string(),
});
/** Countries of a group (`members`) or outline of a polygon (`polygon`); the other field is null. */
export const namedAreaView = namedArea.extend({
  members: z.array(z.string()).nullable(),
  polygon: orderPolygonSchema.pick({ rings: true, touches: true }).nullable(),
});
export type NamedAreaView = z.output<typeof namedAreaView>;
export const namedAreaList = z.object({
  areas: z.array(
    namedAreaView.extend({
      earlier: z.array(namedArea.omit({ code: true })),
      /** Whether the caller may change or delete the area. The caller's role must cover all countries of the area. */
      changeable: z.boolean(),
    }),
  ),
  /**
   * Areas in which the caller may create, change and delete named areas (groups of countries, and polygons). Null means everywhere; an
   * empty list means nowhere.
   */
  limit: z.array(z.string()).nullable(),
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
