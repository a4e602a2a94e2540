/** Jobs: one command to many devices, in waves, with rules that stop it. */
import { z } from 'zod';
import { commandKindSchema, prioritySchema } from '../protocol/command-kinds.ts';
import { commandWindowSchema } from '../protocol/command-window.ts';
import { commandSchema } from '../protocol/frames.ts';
import { commandIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { JOB_STATES } from './job-states.ts';
import { instant } from './wire.ts';

const DAY_SECONDS = 86_400;
const percent = z.number().min(0.1).max(100);
const waveSize = z.union([z.strictObject({ count: z.int().min(1).max(1_000_000) }), z.strictObject({ percent })]);
export const stopRule = z.strictObject({
  /** Failure rate in percent. When a job reaches it, the server stops the job. */
  percent,
  /** Number of results that must exist before the failure rate counts within a wave. At the end of a wave, the rate always counts. */
  minimum: z.int().min(1).max(1_000_000).default(20),
});
const retryRule = z.strictObject({
  /** Number of attempts on each device, including the first. */
  attempts: z.int().min(2).max(10),
  /** Seconds from the first failure to the second attempt. The pause doubles after each attempt. */
  backoff: z.int().min(30).max(DAY_SECONDS).default(300),
});

export const supersedeKeySchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be a key such as nightly-refresh');

/** Options of a job. Without options, the server sends the command to all devices at once. */
export const jobOptions = {
  name: z.string().trim().min(1).max(120).optional(),
  /** Sizes of the waves. The last wave has the remaining devices. */
  waves: z.array(waveSize).min(1).max(19).optional(),
  /** Percentage of a wave's devices that must be settled before the next wave starts. Default: 90. */
  gate: z.number().min(1).max(100).optional(),
  stop: stopRule.optional(),
  retry: retryRule.optional(),
  /** Window in the local time of each device in which the device runs the command. */
  window: commandWindowSchema.optional(),
  /** Order in which a device runs its waiting commands. Default: the priority of the kind. */
  priority: prioritySchema.optional(),
  /** Key of commands of which a device needs only the newest. The job cancels older queued commands with this key on its devices. */
  supersedes: supersedeKeySchema.optional(),
  /** Job whose command a device must have completed before it gets the command of this job. */
  after: commandIdSchema.optional(),
};

const jobState = z.enum(JOB_STATES);
const commandState = z.enum(['queued', 'stored', 'done', 'failed', 'expired', 'canceled']);
const counts = z.record(commandState, z.int());

/** Job with the counts of the devices in the caller's scope. `waves` counts all devices of the job. */
export const jobSummary = z.object({
  id: commandIdSchema,
  name: z.string().nullable(),
  command: commandSchema,
  createdBy: z.string(),
  createdAt: instant,
  expiresAt: instant,
  state: jobState,
  total: z.int(),
  counts,
  /** Number of devices to which the server sent no command, such as devices under a legal hold. */
  refused: z.int(),
  /** Number of waves that the server has released. */
  released: z.int(),
  waves: z.array(z.object({ devices: z.int(), done: z.int(), failed: z.int(), lost: z.int() })),
  gate: z.number(),
  stop: z.object({ percent: z.number(), minimum: z.int() }).nullable(),
  retry: z.object({ attempts: z.int(), backoff: z.int() }).nullable(),
  window: commandWindowSchema.nullable(),
  priority: prioritySchema.nullable(),
  supersedes: z.string().nullable(),
  after: commandIdSchema.nullable(),
  /** True if devices that match the filter later join the job. */
  joiners: z.boolean(),
  /** Last change of the state. `by`: name of the admin; null if the server changed it. */
  changed: z.object({ at: instant, by: z.string().nullable(), reason: z.string().nullable() }).nullable(),
});
export type JobSummary = z.infer<typeof jobSummary>;

const people = z.record(z.string(), z.string());
export const jobQuery = z.strictObject({
  state: jobState.optional(),
  kind: commandKindSchema.optional(),
  /** Creator of the jobs. `me` lists only jobs that the caller created. */
  by: z.literal('me').optional(),
  /** Words, in any order, of the name of the job, of its command or of the name of its creator. Letter case does not matter. */
  text: z.string().max(120).optional(),
  cursor: z.string().max(40).optional(),
});
/**
 * Jobs, newest first. The response omits jobs without a device in the caller's scope. A page can be empty and have a cursor, because one
 * request searches a limited number of jobs. The next page continues the search.
 */
export const jobList = z.object({ jobs: z.array(jobSummary), people, cursor: z.string().nullable() });

export const jobView = jobSummary.extend({
  people,
  /** Number of devices that displayed the message to their users. */
  displayed: z.int(),
  failures: z.array(
    z.object({ device: deviceIdSchema, user: z.string(), state: commandState, detail: z.string().nullable() }),
  ),
});
export type JobView = z.infer<typeof jobView>;

export const jobDeviceQuery = z.strictObject({
  state: commandState.optional(),
  /** Last device of the previous page, after which this page starts. */
  after: deviceIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const jobDeviceList = z.object({
  devices: z.array(
    z.object({
      device: deviceIdSchema,
      /** Command of the last attempt on this device. */
      command: commandIdSchema,
      user: z.string(),
      host: z.string().nullable(),
      wave: z.int(),
      /** True if the server has released the wave of the device. False while the wave waits for earlier waves. */
      released: z.boolean(),
      state: commandState,
      attempt: z.int(),
      storedAt: instant.nullable(),
      finishedAt: instant.nullable(),
      detail: z.string().nullable(),
    }),
  ),
  /** Last device of this page; null on the last page. */
  next: deviceIdSchema.nullable(),
});

const reason = z.string().trim().min(1).max(500).optional();
export const jobPause = z.strictObject({ reason });
export const jobAbort = z.strictObject({ reason });
export const jobResume = z.strictObject({
  reason,
  /**
   * New rule that stops the job; null for none. Without this field, the present rule stays, and counts only results after the resumption.
   */
  stop: stopRule.nullable().optional(),
});
