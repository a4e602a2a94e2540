/** Limits and shapes of lost mode, in which a device reports its coordinates to the organization (ADR 77). */
import { z } from 'zod';
import { lostModeIdSchema } from '../protocol/ids.ts';

/** Days after which lost mode ends, unless an admin or the user ends it earlier. */
export const LONGEST_LOST_DAYS = 30;
export const USUAL_LOST_DAYS = 7;
/** Milliseconds between two positions of a device. */
export const POSITION_EVERY = 5 * 60_000;
/** Positions that the server keeps, newest first. */
export const MOST_POSITIONS = 50;

const text = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine((value) => value === value.trim(), 'must not begin or end with a space')
    .refine((value) => !/[^\P{Cc}\n]/u.test(value), 'must not contain control characters');

/** Reason for lost mode. The device displays it. */
const reason = text(200);
/** Text for a person who finds the device, such as a phone number. */
const contact = text(300);
/** Reason and contact as an admin types them. Spaces at the beginning and at the end are removed. */
export const lostReasonSchema = z.string().trim().pipe(reason);
export const lostContactSchema = z.string().trim().pipe(contact);

/** Lost mode as the device knows it. Times are Unix milliseconds of the server's clock. */
export const lostModeSchema = z.strictObject({
  id: lostModeIdSchema,
  reason,
  contact,
  startedAt: z.int().min(0),
  until: z.int().min(0),
});
export type LostMode = z.infer<typeof lostModeSchema>;

/** Coordinates in degrees (WGS 84). `accuracy`: radius of the accuracy circle in meters. */
export const coordinatesSchema = z.strictObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  accuracy: z.number().min(0).max(20_000_000),
});
export type Coordinates = z.infer<typeof coordinatesSchema>;
