/** What was told to have changed is asked for again. */
import type { Query, QueryClient, QueryFilters } from '@tanstack/react-query';

/** On their way when something changed: asked once more when they have come. */
const owed = new WeakSet<Query>();

/**
 * An answer on its way may be older than the change, and is not ended for it: where changes come faster than answers, ending each would show
 * nothing new for as long as they come.
 */
export function askAgain(client: QueryClient, filters: QueryFilters = {}): void {
  for (const query of client.getQueryCache().findAll(filters)) if (!owed.has(query)) ask(client, query);
}

function ask(client: QueryClient, query: Query): void {
  owed.delete(query);
  if (query.state.fetchStatus !== 'fetching') {
    void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
    return;
  }
  owed.add(query);
  // Whoever waited for the same answer to ask for what is next goes first.
  const later = () => setTimeout(ask, 0, client, query);
  // While it is on its way this begins nothing: it is the same promise.
  query.fetch().then(later, later);
}
