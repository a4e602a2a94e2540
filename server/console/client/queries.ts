/**
 * Queries that several pages use. The key of a query begins with topics. When the server reports a change in one of these topics, the
 * console repeats the query (`live.tsx`).
 */
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
import { passkeysView } from '../../../shared/api/passkeys.ts';
import { providerView } from '../../../shared/api/provider.ts';
import { isRetryable } from '../../../shared/look/api-client.ts';
import { call } from './call.ts';

export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: isRetryable, staleTime: 5_000, refetchOnWindowFocus: false } },
});

export function topicQuery<S extends z.ZodType>(topics: readonly Topic[], path: string, schema: S) {
  return queryOptions({
    queryKey: [topics.join('+'), path],
    queryFn: ({ signal }) => call('GET', path, schema, undefined, signal),
  });
}

/**
 * Query of the overview page. Changes of devices do not repeat this query, because in a large fleet a device connects every second.
 * Counting 100,000 devices takes the server 150 ms.
 */
export const overviewQuery = topicQuery(['orders', 'alerts', 'accounts', 'clock'], '/overview', overviewView);
export const ordersQuery = topicQuery(['orders', 'clock'], '/orders', orderList);
export const groupsQuery = topicQuery(['devices'], '/groups', groupList);
export const healthQuery = topicQuery(['clock'], '/health', healthView);
export const installationQuery = topicQuery([], '/installation', installationView);
/** Identity provider for sign-in, also before the sign-in. */
export const providerQuery = topicQuery([], '/session/provider', providerView);
export const approverKeysQuery = topicQuery(['accounts'], '/approver-keys', approverKeyList);
export const approversQuery = topicQuery(['accounts', 'orders'], '/approvers', approversView);
export const passkeysQuery = topicQuery(['accounts'], '/passkeys', passkeysView);
export const areasQuery = topicQuery([], '/areas', namedAreaList);
