import type { z } from 'zod';
import type { orderDraft } from '../../../../shared/api/order-proposals.ts';

/** Draft of a proposal, which the server checks before the admin proposes the order. */
export type Draft = z.input<typeof orderDraft>;
export type Submission = Omit<Draft, 'order' | 'action'> & { readonly action?: 'revise' };
