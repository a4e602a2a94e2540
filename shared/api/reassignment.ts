/** Reassignment of many devices: each enrolls again for another person, with an activation link of its own. */
import { z } from 'zod';
import { deviceIdSchema, personIdSchema } from '../protocol/ids.ts';
import { secondPerson } from './actions.ts';
import { deviceAction } from './device-actions.ts';
import { instant } from './wire.ts';

/** Maximum number of devices of one request. The response has a secret for each of them. */
export const MOST_REASSIGNED = 1_000;

const identifier = z.string().trim().min(1).max(255);
/**
 * Device and its new owner. `device`: device id, serial number, host name or display name. `person`: person id, e-mail address or
 * directory id.
 */
const pair = z.strictObject({ device: identifier, person: identifier });

const wanted = {
  devices: deviceAction.shape.devices,
  filter: deviceAction.shape.filter,
  /** New owner of all devices that `devices` or `filter` selects. */
  person: personIdSchema.optional(),
  /** Devices, each with its own new owner, instead of a selection and `person`. */
  pairs: z.array(pair).min(1).max(MOST_REASSIGNED).optional(),
};
interface Wanted {
  readonly devices?: unknown;
  readonly filter?: unknown;
  readonly person?: unknown;
  readonly pairs?: unknown;
}
const isOneForm = ({ devices, filter, person, pairs }: Wanted): boolean => {
  const selections = [devices, filter].filter((value) => value !== undefined).length;
  return pairs === undefined ? selections === 1 && person !== undefined : selections === 0 && person === undefined;
};
const ONE_FORM = 'give pairs, or a person with devices or a filter';

export const reassignmentPreviewRequest = z.strictObject(wanted).refine(isOneForm, ONE_FORM);
export const reassignmentRequest = z
  .strictObject({
    ...wanted,
    /** Number of devices that the admin confirmed. If the number has changed, the server changes nothing (`conflict`). */
    expect: z.int().min(1),
    expiresInHours: z.int().min(1).max(720).default(168),
    /** Whether the server sends each new owner the links by mail. Needs a mail server. */
    mail: z.boolean().default(false),
  })
  .refine(isOneForm, ONE_FORM);

const owner = z.object({ id: personIdSchema, name: z.string() });
const reassignmentLine = z.object({
  /** Number of the line, from 1. */
  line: z.int().min(1),
  /** Device and person as the request names them. */
  asked: z.object({ device: z.string(), person: z.string() }),
  device: z.object({ id: deviceIdSchema, user: z.string(), hostname: z.string().nullable() }).nullable(),
  owner: owner.nullable(),
  /** Reason to refuse the line; null if the server creates an activation link for it. */
  refusal: z.object({ reason: z.string(), text: z.string() }).nullable(),
});
export type ReassignmentLine = z.output<typeof reassignmentLine>;
export const reassignmentPreview = z.object({
  /** Number of devices that the request would affect. The request repeats it as `expect`. */
  affected: z.int(),
  secondPerson,
  lines: z.array(reassignmentLine),
});
export type ReassignmentPreview = z.output<typeof reassignmentPreview>;

export const MAILED = ['sent', 'failed', 'no-address', 'not-requested'] as const;
/** Links with the secrets of the activation codes, which no later response repeats. */
export const reassignmentResult = z.object({
  codes: z.array(
    z.object({
      device: deviceIdSchema,
      hostname: z.string().nullable(),
      owner,
      link: z.string(),
      expiresAt: instant,
      mailed: z.enum(MAILED),
    }),
  ),
  refused: z.array(reassignmentLine),
});
export type ReassignmentResult = z.output<typeof reassignmentResult>;
