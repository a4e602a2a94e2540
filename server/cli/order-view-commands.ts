/** `cordon orders list` shows all orders. `cordon orders show` shows one order with its revisions. */
import type { Command } from 'commander';
import {
  type HiddenOrder,
  type OrderSummary,
  type OrderView,
  orderList,
  orderView,
  revisionView,
} from '../../shared/api/orders.ts';
import { answerState, answerWords } from '../../shared/order/answer-deadline.ts';
import { type Phase, phaseAt } from '../../shared/order/order-phase.ts';
import type { Cli } from './cli.ts';
import { orderPath, revisionPath } from './order-path.ts';
import { table, when } from './output.ts';
import { nameLines, peopleNames } from './people-names.ts';
import { proceedingLines } from './proceeding-commands.ts';
import { revisionText } from './signing-text.ts';

/** Status of an order by this machine's clock. With `--json`, the output contains the server's status instead. */
const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  waiting: 'proposed',
  expired: 'expired',
  retracted: 'retracted',
  declined: 'declined',
  announced: 'announced',
  active: 'active',
  paused: 'paused',
  ended: 'ended',
  withdrawn: 'withdrawn',
};

export function addViewCommands(orders: Command, cli: Cli): void {
  orders
    .command('list')
    .description('List all orders')
    .action(async () => {
      const { orders: all } = await cli.client().call(orderList, 'GET', '/orders');
      const rows = all.map((one) => [
        one.number,
        PHASE_WORDS[phaseAt(one, Date.now())],
        one.terms.areas.join(' '),
        one.terms.services.join(' '),
        one.terms.effective,
        one.terms.until,
        answerOf(one),
        one.title,
      ]);
      cli
        .out()
        .show(all, table(['number', 'status', 'areas', 'services', 'effective', 'until', 'answer', 'title'], rows));
    });
  orders
    .command('show')
    .description('Show an order with its revisions, or the signed text of one revision')
    .argument('<number>')
    .argument('[revision]', 'number', Number)
    .action(async (number: string, revision?: number) => {
      if (revision !== undefined) {
        const view = await cli.client().call(revisionView, 'GET', revisionPath(number, revision));
        return cli
          .out()
          .show(view, [`state ${view.state}`, ...revisionText(view.payload, { order: number, revision }).lines]);
      }
      const view = await cli.client().call(orderView, 'GET', orderPath(number));
      const nameOf = await peopleNames(cli.client());
      const people = view.revisions.flatMap(({ proposer, approvals }) => [
        ...(proposer === null ? [] : [proposer]),
        ...approvals.map(({ person }) => person),
      ]);
      const rows = view.revisions.map((one) => [
        one.revision,
        one.action,
        one.state,
        one.proposer,
        when(one.proposedAt),
        when(one.adoptedAt),
        [...new Set(one.approvals.map(({ person }) => person))].join(' ') || null,
        one.endReason,
      ]);
      cli.out().show(view, [
        ...table(
          ['number', 'status', 'areas', 'title'],
          [[view.number, PHASE_WORDS[phaseAt(view, Date.now())], view.terms.areas.join(' '), view.title]],
        ),
        ...(view.visibility === 'hidden' ? hiddenLines(view) : []),
        ...table(
          ['revision', 'action', 'state', 'proposer', 'proposed', 'adopted', 'approved by', 'declined because'],
          rows,
        ),
        ...nameLines(people, nameOf),
        ...table(
          ['revision', 'execution', 'at'],
          view.executions.map((one) => [one.revision, one.state, when(one.at)]),
        ),
        ...(view.visibility === 'hidden' ? [] : [...answerLines(view), ...proceedingLines(view.proceedings)]),
      ]);
    });
}

function hiddenLines({ notice, terms }: HiddenOrder): string[] {
  return table(['services', 'effective', 'until'], [[terms.services.join(' '), terms.effective, terms.until]]).concat(
    notice,
  );
}

function answerOf(order: OrderSummary | OrderView): string | null {
  if (order.visibility === 'hidden') return null;
  const state = answerState(order, Date.now());
  return state && answerWords(state);
}

const answerLines = (order: OrderView): string[] => {
  const answer = answerOf(order);
  return answer === null ? [] : [answer];
};
