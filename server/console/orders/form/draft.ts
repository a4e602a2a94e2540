import type { z } from 'zod';
import type { orderDraft } from '../../../../shared/api/order-proposals.ts';

/** Proposal in the form that the API accepts. */
export type Draft = z.input<typeof orderDraft>;
export type Submission = Omit<Draft, 'order' | 'action'> & { readonly action?: 'revise' };
