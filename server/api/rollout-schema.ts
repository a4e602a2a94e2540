/**
 * Schema of an order's rollout for the OpenAPI document, with a definition of each figure. The schema has its own file, so that the console does
 * not load these texts.
 */
import { z } from 'zod';
import { orderRollout } from '../../shared/api/order-rollout.ts';
import { AFFECTED_MEANING, ROLLOUT_MEANING, ROLLOUT_NAMES } from '../../shared/order/rollout.ts';
import { ROLLOUT_STATES, type RolloutState } from '../../shared/order/rollout-states.ts';

const { shape } = orderRollout.shape.states;
const described = Object.fromEntries(
  ROLLOUT_STATES.map((state) => [state, shape[state].describe(`${ROLLOUT_NAMES[state]}: ${ROLLOUT_MEANING[state]}`)]),
) as Record<RolloutState, z.ZodInt>;

export const describedRollout = orderRollout.extend({
  total: orderRollout.shape.total.describe(`${AFFECTED_MEANING} The sum of \`states\`.`),
  states: z.object(described),
});
