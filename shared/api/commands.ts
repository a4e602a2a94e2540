/** Commands to one device or to many. */
import { z } from 'zod';
import { commandSchema } from '../protocol/frames.ts';
import { commandIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { narrowing } from './devices.ts';
import { instant } from './wire.ts';

export const newCommand = z.strictObject({
  /** Given by the caller, it makes a repetition harmless. */
  id: commandIdSchema.optional(),
  command: commandSchema,
  expiresInSeconds: z
    .int()
    .min(1)
    .max(90 * 86_400)
    .default(7 * 86_400),
});
/**
 * To the devices that are named, or to every active device of the filter: an empty filter is the whole fleet that one's role reaches. How many
 * they are, `GET /devices` says in `total`, with the same filter and `status=active`.
 */
export const commandToMany = newCommand
  .extend({
    devices: z.array(deviceIdSchema).min(1).max(10_000).optional(),
    filter: z.strictObject({ ...narrowing, connected: z.boolean().optional() }).optional(),
    /**
     * How many devices the caller was shown: when it is another number by now, nothing is done (`conflict`). What was done before, by the same
     * `id`, is answered then with how many got the command.
     */
    expect: z.int().min(1).optional(),
  })
  .refine(({ devices, filter }) => (devices === undefined) !== (filter === undefined), 'give devices or a filter');
export const issuedToMany = z.object({
  /** With it the same request can be made again, and nothing is issued twice. */
  id: commandIdSchema,
  queued: z.int(),
  refused: z.array(z.object({ device: deviceIdSchema, code: z.enum(['not_found', 'conflict', 'legal_hold']) })),
});
export const commandView = z.object({
  id: commandIdSchema,
  device: deviceIdSchema,
  generation: z.int(),
  command: commandSchema,
  state: z.enum(['queued', 'stored', 'done', 'failed', 'expired', 'cancelled']),
  createdBy: z.string(),
  createdAt: instant,
  expiresAt: instant,
  storedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  detail: z.string().nullable(),
});
export type CommandView = z.infer<typeof commandView>;
/** Account → name, of those who sent them. */
const senders = z.record(z.string(), z.string());
export const commandList = z.object({ commands: z.array(commandView), people: senders });
export const commandQuery = z.strictObject({
  /** Older than this command of the device: the next page. */
  before: commandIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const commandParams = z.object({ id: commandIdSchema });

/** How far the commands of one request to many have come, as far as one's role reaches their devices. */
export const requestProgress = z.object({
  command: commandSchema,
  createdBy: z.string(),
  people: senders,
  createdAt: instant,
  expiresAt: instant,
  total: z.int(),
  counts: z.record(commandView.shape.state, z.int()),
  /** The first of those that failed, expired or were cancelled. */
  failures: z.array(
    z.object({
      device: deviceIdSchema,
      user: z.string(),
      state: commandView.shape.state,
      detail: z.string().nullable(),
    }),
  ),
});
