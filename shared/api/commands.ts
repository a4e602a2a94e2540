import { z } from 'zod';
import { commandSchema } from '../protocol/frames.ts';
import { commandIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { displayedOnSchema } from '../protocol/report-item.ts';
import { narrowing } from './devices.ts';
import { jobOptions } from './jobs.ts';
import { instant } from './wire.ts';

export const newCommand = z.strictObject({
  /** Command id that the client chose. A repeated request with the same id creates no second command. */
  id: commandIdSchema.optional(),
  command: commandSchema,
  expiresInSeconds: z
    .int()
    .min(1)
    .max(90 * 86_400)
    .default(7 * 86_400),
});
/**
 * Command to the listed devices, or to every active device that matches the filter. An empty filter matches all devices in the caller's
 * scope. `GET /devices` with the same filter and `status=active` returns their number as `total`.
 */
export const commandToMany = newCommand
  .extend({
    devices: z.array(deviceIdSchema).min(1).max(10_000).optional(),
    filter: z
      .strictObject({
        ...narrowing,
        connected: z.boolean().optional(),
        everConnected: z.boolean().optional(),
        located: z.boolean().optional(),
        countersigned: z.boolean().optional(),
      })
      .optional(),
    /**
     * Number of devices that the client showed to the admin. If the number has changed, the server creates no command (`conflict`). A
     * repeated request with the same `id` gets the first result instead. Required for a command that destroys data on more than one device.
     */
    expect: z.int().min(1).optional(),
    ...jobOptions,
    /** Devices that match the filter later. `include`: until the command expires, they also get the command. Default: `exclude`. */
    joiners: z.enum(['include', 'exclude']).optional(),
  })
  .refine(({ devices, filter }) => (devices === undefined) !== (filter === undefined), 'give devices or a filter')
  .refine(({ joiners, filter }) => joiners !== 'include' || filter !== undefined, 'devices can join only a filter');
export const issuedToMany = z.object({
  id: commandIdSchema,
  queued: z.int(),
  refused: z.array(z.object({ device: deviceIdSchema, code: z.enum(['not_found', 'conflict', 'legal_hold']) })),
});
export const commandView = z.object({
  id: commandIdSchema,
  device: deviceIdSchema,
  generation: z.int(),
  command: commandSchema,
  state: z.enum(['queued', 'stored', 'done', 'failed', 'expired', 'canceled']),
  createdBy: z.string(),
  createdAt: instant,
  expiresAt: instant,
  storedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  detail: z.string().nullable(),
  /** Time at which the device displayed the message to its user, as the device reported it. */
  displayed: z.object({ at: instant, on: displayedOnSchema }).nullable(),
  /** Job to which the command belongs; null for a command to this device alone. */
  job: commandIdSchema.nullable(),
  /** Number of the attempt. A job may repeat a failed command; each attempt is a command of its own. */
  attempt: z.int(),
  /** Time at which an admin canceled the command on the device. The device then reports whether the cancellation was in time. */
  cancelRequestedAt: instant.nullable(),
});
export type CommandView = z.infer<typeof commandView>;
const senders = z.record(z.string(), z.string());
export const commandList = z.object({ commands: z.array(commandView), people: senders });
export const commandQuery = z.strictObject({
  before: commandIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const commandParams = z.object({ id: commandIdSchema });
