import { z } from 'zod';
import { ANSWER_OUTCOMES, answerRow, DEADLINE_SECONDS, liveQuerySchema } from '../live-query/live-query.ts';
import { deviceIdSchema, queryIdSchema } from '../protocol/ids.ts';
import { narrowing } from './devices.ts';
import { instant } from './wire.ts';

/**
 * Live query to the listed devices, or to every active device that matches the filter. Only devices that are connected answer. Lists and
 * filters may select at most 1,000 devices.
 */
export const liveQueryRequest = z
  .strictObject({
    query: liveQuerySchema,
    devices: z.array(deviceIdSchema).min(1).max(1_000).optional(),
    filter: z
      .strictObject({
        ...narrowing,
        connected: z.boolean().optional(),
        everConnected: z.boolean().optional(),
        located: z.boolean().optional(),
        countersigned: z.boolean().optional(),
      })
      .optional(),
    /** Number of seconds in which devices may answer. */
    seconds: z.int().min(DEADLINE_SECONDS.shortest).max(DEADLINE_SECONDS.longest).default(DEADLINE_SECONDS.usual),
  })
  .refine(({ devices, filter }) => (devices === undefined) !== (filter === undefined), 'give devices or a filter');

export const answerState = z.enum([
  'waiting',
  'not-connected',
  'old-agent',
  'no-answer',
  'dropped',
  ...ANSWER_OUTCOMES,
]);
export type AnswerState = z.output<typeof answerState>;

export const liveQueryView = z.object({
  id: queryIdSchema,
  query: liveQuerySchema,
  createdAt: instant,
  /** Time until which devices may answer. */
  deadline: instant,
  /** Time at which the server deletes the answers. */
  deletedAt: instant,
  devices: z.int(),
  counts: z.partialRecord(answerState, z.int()),
});
export type LiveQueryView = z.output<typeof liveQueryView>;
export const liveQueryList = z.object({ queries: z.array(liveQueryView) });

export const answerQuery = z.strictObject({
  after: deviceIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export const answerPage = z.object({
  answers: z.array(
    z.object({
      device: deviceIdSchema,
      user: z.string(),
      host: z.string().nullable(),
      state: answerState,
      detail: z.string(),
      /** Cells in the sequence of the columns of the query's kind. */
      rows: z.array(answerRow),
      /** True if the device found more than the answer contains. */
      truncated: z.boolean(),
    }),
  ),
  /** Device after which the next page starts; null on the last page. */
  next: deviceIdSchema.nullable(),
});
export type AnswerView = z.output<typeof answerPage>['answers'][number];
export const liveQueryParams = z.object({ id: queryIdSchema });
