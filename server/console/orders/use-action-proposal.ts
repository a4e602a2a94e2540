/** Preview and proposal of an action on an order, for the dialogs of an order. */
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { orderPreview } from '../../../shared/api/order-preview.ts';
import { revisionView } from '../../../shared/api/orders.ts';
import { call } from '../client/call.ts';
import { orderQuery } from './queries.ts';

/**
 * Previews and proposes an action on an order. `body`: request body of the action, which changes with each input of the admin. `proposed`:
 * called with the number of the new revision. `isCurrent`: true if the returned preview belongs to the present `body`.
 */
export function useActionProposal(order: string, body: object, proposed: (revision: number) => void) {
  const client = useQueryClient();
  const draft = JSON.stringify({ ...body, order });
  const [settled] = useDebouncedValue(draft, 400);
  const preview = useQuery({
    queryKey: ['orders+clock', 'preview', settled],
    queryFn: ({ signal }) => call('POST', '/orders/preview', orderPreview, JSON.parse(settled), signal),
    placeholderData: keepPreviousData,
  });
  const proposing = useMutation({
    mutationFn: () => call('POST', `/orders/${encodeURIComponent(order)}/revisions`, revisionView, body),
    onSuccess: async ({ revision }) => {
      await client.invalidateQueries({ queryKey: orderQuery(order).queryKey });
      proposed(revision);
    },
  });
  return {
    preview,
    proposing,
    isCurrent: settled === draft && !preview.isPlaceholderData && preview.data !== undefined,
  };
}
