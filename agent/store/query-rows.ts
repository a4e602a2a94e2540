import type { QueryStore, ReceivedQuery } from '../work/query/answer-query.ts';
import type { DeviceRows } from './device-rows.ts';

const RECEIVED = 'received-queries';
/** Maximum number of live queries that are stored for the user to see. */
const MOST_RECEIVED = 50;

export function queryRows(rows: DeviceRows): Pick<QueryStore, 'receivedQueries' | 'addReceivedQuery'> {
  const receivedQueries = () => rows.value<ReceivedQuery[]>(RECEIVED) ?? [];
  return {
    receivedQueries,
    addReceivedQuery: (query) => rows.saveValue(RECEIVED, [query, ...receivedQueries()].slice(0, MOST_RECEIVED)),
  };
}
