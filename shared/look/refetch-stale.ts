/** Repeats queries after a change of their data. */
import type { Query, QueryClient, QueryFilters } from '@tanstack/react-query';

/** Queries that were running during the change and repeat afterward. */
const owed = new WeakSet<Query>();

/** A running request may be older than the change but is not canceled: with frequent changes, canceling would never show a result. */
export function refetchStale(client: QueryClient, filters: QueryFilters = {}): void {
  for (const query of client.getQueryCache().findAll(filters)) if (!owed.has(query)) ask(client, query);
}

function ask(client: QueryClient, query: Query): void {
  owed.delete(query);
  if (query.state.fetchStatus !== 'fetching') {
    void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
    return;
  }
  owed.add(query);
  // Callers that wait for the same response, to load the next page, run first.
  const later = () => setTimeout(ask, 0, client, query);
  // A running query returns its existing promise.
  query.fetch().then(later, later);
}
