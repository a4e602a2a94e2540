/**
 * `cordon orders destruction`, `affected`, `exemptions`, `statements`, `readings` and `receipts`: show the effects of an order on devices
 * and data.
 */
import type { Command } from 'commander';
import { affectedView, exemptionList, receiptList, statementList } from '../../shared/api/affected-devices.ts';
import { readingList } from '../../shared/api/order-readings.ts';
import { type OrderExit, orderExit } from '../../shared/api/order-rollout.ts';
import { orderView } from '../../shared/api/orders.ts';
import { EXIT_OUTCOMES } from '../../shared/pack/destruction.ts';
import {
  destroyedWords,
  OUTCOME_WORDS,
  REMAINING_DATA,
  REMAINING_DEVICES,
} from '../../shared/pack/destruction-words.ts';
import type { Cli } from './cli.ts';
import { deviceUsers } from './device-users.ts';
import { orderPath } from './order-path.ts';
import { table, when } from './output.ts';

export function addEffectCommands(orders: Command, cli: Cli): void {
  addDestruction(orders, cli);
  addDevices(orders, cli);
  addStatements(orders, cli);
  addReadings(orders, cli);
  addReceipts(orders, cli);
}

function addDestruction(orders: Command, cli: Cli): void {
  orders
    .command('destruction')
    .description('Show the progress of an exit: wiped devices, destroyed data, kept data')
    .argument('<number>')
    .action(async (number: string) => {
      const { exit } = await cli.client().call(orderExit, 'GET', `${orderPath(number)}/exit`);
      cli.out().show(exit, exit === null ? ['No exit of this order was approved.'] : exitLines(exit));
    });
}

function exitLines(exit: OrderExit): string[] {
  return [
    `revision ${exit.revision}, approved at ${when(exit.adoptedAt)}`,
    ...table(
      ['devices', 'outcome'],
      [
        ...EXIT_OUTCOMES.map((outcome) => [exit[outcome], OUTCOME_WORDS[outcome]]),
        ...REMAINING_DEVICES.map(({ field, words }) => [exit[field], words]),
      ],
    ),
    ...table(
      ['destroyed', 'rule'],
      destroyedWords(exit.destroyed).map(({ what, rule }) => [what, rule]),
    ),
    ...table(
      ['kept', 'reason'],
      REMAINING_DATA.map(({ what, why }) => [what, why]),
    ),
  ];
}

function addDevices(orders: Command, cli: Cli): void {
  orders
    .command('affected')
    .description('List the affected devices of an order')
    .argument('<number>')
    .action(async (number: string) => {
      const { devices } = await cli.client().call(affectedView, 'GET', `${orderPath(number)}/affected`);
      const userOf = await deviceUsers(
        cli.client(),
        devices.map(({ device }) => device),
      );
      const rows = devices.map(({ device, denied, reasons }) => [
        device,
        userOf(device),
        denied.join(' '),
        reasons.join(' '),
      ]);
      cli.out().show(devices, table(['device', 'user', 'denied', 'reasons'], rows));
    });
  orders
    .command('exemptions')
    .description('List the exempt devices of a revision, with end, reason and approvers')
    .argument('<number>')
    .argument('[revision]', 'revision number. Default: the current revision, or else the newest', Number)
    .action(async (number: string, revision?: number) => {
      const newest = async () => {
        const { adoptedRevision, latestRevision } = await cli.client().call(orderView, 'GET', orderPath(number));
        return adoptedRevision ?? latestRevision;
      };
      const path = `${orderPath(number)}/revisions/${revision ?? (await newest())}/exemptions`;
      const view = await cli.client().call(exemptionList, 'GET', path);
      const nameOf = (person: string) => view.people[person] ?? person;
      const userOf = await deviceUsers(
        cli.client(),
        view.exemptions.map(({ device }) => device),
      );
      const rows = view.exemptions.map((one) => [
        one.device,
        userOf(one.device),
        one.until === null ? 'as long as the order lasts' : when(one.until),
        one.reason,
        one.decidedIn,
        nameOf(one.proposedBy),
        one.approvedBy.map(nameOf).join(', ') || null,
      ]);
      cli
        .out()
        .show(view, table(['device', 'user', 'exempt until', 'reason', 'revision', 'asked by', 'approved by'], rows));
    });
}

function addStatements(orders: Command, cli: Cli): void {
  orders
    .command('statements')
    .description("List location statements that change the order's effect on a device")
    .argument('<number>')
    .action(async (number: string) => {
      const view = await cli.client().call(statementList, 'GET', `${orderPath(number)}/statements`);
      const nameOf = (account: string | null) => (account === null ? null : (view.people[account] ?? account));
      const userOf = await deviceUsers(
        cli.client(),
        [...view.statements, ...view.assignments].map(({ device }) => device),
      );
      const rows = view.statements.map((one) => [
        one.device,
        userOf(one.device),
        one.kind,
        one.areas.join(' '),
        when(one.until),
        one.reason,
        one.released.join(' ') || null,
        one.denied.join(' ') || null,
        nameOf(one.by),
        nameOf(one.confirmedBy),
      ]);
      const head = ['device', 'user', 'kind', 'areas', 'until', 'reason', 'releases', 'denies', 'by', 'confirmed by'];
      const assigned = view.assignments.map((one) => [
        one.device,
        userOf(one.device),
        one.home,
        one.seat,
        when(one.at),
        nameOf(one.by),
        nameOf(one.confirmedBy),
      ]);
      const columns = ['device', 'user', 'home', 'seat', 'changed at', 'by', 'confirmed by'];
      cli.out().show(view, [...table(head, rows), ...(assigned.length > 0 ? table(columns, assigned) : [])]);
    });
}

function addReadings(orders: Command, cli: Cli): void {
  orders
    .command('readings')
    .description('List the admins who read the text of a withheld order, with times')
    .argument('<number>')
    .action(async (number: string) => {
      const view = await cli.client().call(readingList, 'GET', `${orderPath(number)}/readings`);
      const rows = view.readings.map(({ account, part, about, firstAt, lastAt, count }) => [
        view.people[account] ?? account,
        part,
        about,
        when(firstAt),
        when(lastAt),
        count,
      ]);
      cli.out().show(view, table(['account', 'part', 'about', 'first read', 'last read', 'requests'], rows));
    });
}

function addReceipts(orders: Command, cli: Cli): void {
  orders
    .command('receipts')
    .description('List the signed receipts of one device for an order')
    .argument('<number>')
    .argument('<device>')
    .action(async (number: string, device: string) => {
      const path = `${orderPath(number)}/receipts?${new URLSearchParams({ device })}`;
      const { receipts } = await cli.client().call(receiptList, 'GET', path);
      const userOf = await deviceUsers(
        cli.client(),
        receipts.map(({ device }) => device),
      );
      const rows = receipts.map((one) => [
        one.device,
        userOf(one.device),
        one.kind,
        one.service,
        one.gate,
        one.notice ?? null,
        one.revision,
        one.at,
      ]);
      cli.out().show(receipts, table(['device', 'user', 'kind', 'service', 'gate', 'notice', 'revision', 'at'], rows));
    });
}
