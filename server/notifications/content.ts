/** Content of a notification: JSON for machines, and text for people. */
import { z } from 'zod';
import type { ConditionKind } from '../../shared/api/notifications.ts';
import type { Cause, Rule } from './ports.ts';

/** Maximum number of causes that one notification lists. `total` has the true number. */
export const CAUSES_LISTED = 50;

const causeSchema = z.object({
  title: z.string(),
  detail: z.string(),
  device: z.string().nullable(),
  order: z.string().nullable(),
});
export const contentSchema = z.object({
  /** Type of the event in the form of Standard Webhooks, such as `cordon.device-offline`. */
  type: z.string(),
  timestamp: z.iso.datetime(),
  data: z.object({
    installation: z.string(),
    organization: z.string(),
    rule: z.object({ id: z.string(), name: z.string() }).nullable(),
    test: z.boolean(),
    total: z.int(),
    causes: z.array(causeSchema),
  }),
});
export type Content = z.infer<typeof contentSchema>;

export interface Origin {
  readonly installation: string;
  readonly organization: string;
}

const TITLES: Readonly<Record<ConditionKind, readonly [one: string, many: string]>> = {
  'approval-pending': ['An approval is pending', 'approvals are pending'],
  'health-issue': ['A health issue exists', 'health issues exist'],
  'device-offline': ['A device is offline', 'devices are offline'],
  'order-effective': ['An order takes effect soon', 'orders take effect soon'],
  'device-enrolled': ['A new device is enrolled', 'new devices are enrolled'],
  'device-not-compliant': ['A device is not compliant', 'devices are not compliant'],
  'job-failed': ['A job failed', 'jobs failed'],
};

export function titleOf(kind: ConditionKind, total: number): string {
  const [one, many] = TITLES[kind];
  return total === 1 ? one : `${total} ${many}`;
}

export const contentOf = (rule: Rule, causes: readonly Cause[], origin: Origin, now: number): Content => ({
  type: `cordon.${rule.condition.kind}`,
  timestamp: new Date(now).toISOString(),
  data: {
    ...origin,
    rule: { id: rule.id, name: rule.name },
    test: false,
    total: causes.length,
    causes: causes.slice(0, CAUSES_LISTED).map(({ key: _, ...cause }) => cause),
  },
});

export const testContent = (origin: Origin, now: number): Content => ({
  type: 'cordon.test',
  timestamp: new Date(now).toISOString(),
  data: {
    ...origin,
    rule: null,
    test: true,
    total: 1,
    causes: [{ title: 'Test', detail: 'An admin sent this test. No action is necessary.', device: null, order: null }],
  },
});

export function textOf({ data }: Content, delivery: string): string {
  const { organization, rule, total, causes, test } = data;
  const lines = causes.map(({ title, detail }) => `- ${title}: ${detail}`);
  const more = total - causes.length;
  return [
    test ? 'This is a test of a notification channel.' : `Notification rule: ${rule?.name ?? ''}`,
    '',
    ...lines,
    ...(more > 0 ? [`- and ${more} more`] : []),
    '',
    `${organization}. Delivery ${delivery}`,
    '',
  ].join('\n');
}
