/** Repeats queries after a change of their data. */
import type { Query, QueryClient, QueryFilters } from '@tanstack/react-query';

/** Queries whose data changed while they were running. They run again after they finish. */
const changedWhileRunning = new WeakSet<Query>();

/**
 * Repeats the queries whose data changed. A query that is running may have read data from before the change, so it runs again after it
 * finishes. The request is not canceled, because frequent changes would then prevent every result.
 */
export function refetchStale(client: QueryClient, filters: QueryFilters = {}): void {
  for (const query of client.getQueryCache().findAll(filters))
    if (!changedWhileRunning.has(query)) refetch(client, query);
}

function refetch(client: QueryClient, query: Query): void {
  changedWhileRunning.delete(query);
  if (query.state.fetchStatus !== 'fetching') {
    void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
    return;
  }
  changedWhileRunning.add(query);
  // Start the repeated request only in a later turn of the event loop (`setTimeout`). Other code that awaits the result of the running
  // query then runs first, for example to load the next page.
  const later = () => setTimeout(refetch, 0, client, query);
  // If the query is already running, `fetch` returns the promise of the running request.
  query.fetch().then(later, later);
}
