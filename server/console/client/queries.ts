/** Questions to the server that several pages ask, each under the topic whose change makes it stale (`live.tsx`). */
import { QueryClient, queryOptions } from '@tanstack/react-query';
import type { z } from 'zod';
import { approverKeyList, approversView } from '../../../shared/api/approvers.ts';
import { namedAreaList } from '../../../shared/api/areas.ts';
import type { Topic } from '../../../shared/api/events.ts';
import { groupList } from '../../../shared/api/groups.ts';
import { healthView } from '../../../shared/api/health.ts';
import { installationView } from '../../../shared/api/installation.ts';
import { orderList } from '../../../shared/api/orders.ts';
import { overviewView } from '../../../shared/api/overview.ts';
import { Refusal } from '../../../shared/look/refusal.ts';
import { call } from './call.ts';

/** Asking again helps when there was no answer; a refusal stays one. */
const worthAnotherTry = (failures: number, error: Error) =>
  error instanceof Refusal && (error.status === 0 || error.status >= 500) && failures < 2;

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: worthAnotherTry, staleTime: 5_000, refetchOnWindowFocus: false } },
});

/** A question whose key begins with the topics that make it stale, joined by `+`. */
export function question<S extends z.ZodType>(topics: readonly Topic[], path: string, answer: S) {
  return queryOptions({
    queryKey: [topics.join('+'), path],
    queryFn: ({ signal }) => call('GET', path, answer, undefined, signal),
  });
}

/** Not under `devices`: some device comes or goes every second in a large fleet, and counting a hundred thousand takes the server 150 ms. */
export const overviewQuery = question(['orders', 'alarms', 'accounts', 'clock'], '/overview', overviewView);
export const ordersQuery = question(['orders', 'clock'], '/orders', orderList);
export const groupsQuery = question(['devices'], '/groups', groupList);
export const healthQuery = question(['clock'], '/health', healthView);
export const installationQuery = question([], '/installation', installationView);
export const approverKeysQuery = question(['accounts'], '/approver-keys', approverKeyList);
export const approversQuery = question(['accounts', 'orders'], '/approvers', approversView);
export const areasQuery = question([], '/areas', namedAreaList);
