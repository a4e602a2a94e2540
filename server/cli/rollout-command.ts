/** `cordon orders rollout`: shows the number of affected devices in each state of the rollout. */
import type { Command } from 'commander';
import { orderRollout } from '../../shared/api/order-rollout.ts';
import { AFFECTED_MEANING, ROLLOUT_MEANING, ROLLOUT_NAMES, rolloutSentence } from '../../shared/order/rollout.ts';
import { ROLLOUT_STATES } from '../../shared/order/rollout-states.ts';
import type { Cli } from './cli.ts';
import { orderPath } from './order-path.ts';
import { table, when } from './output.ts';

const MEANINGS = [
  AFFECTED_MEANING,
  'Each affected device is in one state:',
  ...ROLLOUT_STATES.map((state) => `  ${ROLLOUT_NAMES[state]}: ${ROLLOUT_MEANING[state]}`),
];

export function addRolloutCommand(orders: Command, cli: Cli): void {
  orders
    .command('rollout')
    .description('Show the rollout of an order by device state')
    .argument('<number>')
    .addHelpText('after', `\n${MEANINGS.join('\n')}`)
    .action(async (number: string) => {
      const path = `${orderPath(number)}/rollout`;
      const view = await cli.client().call(orderRollout, 'GET', path);
      const { states, total, lastSeen, newest } = view;
      cli
        .out()
        .show(view, [
          rolloutSentence(view),
          ...table(
            ['state', 'devices'],
            [...ROLLOUT_STATES.map((state) => [ROLLOUT_NAMES[state], states[state]]), ['Affected devices', total]],
          ),
          ...(lastSeen > 0 ? [`Counted where last seen, because the location has expired: ${lastSeen}`] : []),
          ...(newest === null ? [] : [`Newest receipt: ${when(newest)}`]),
        ]);
    });
}
