/** orders: propose, act, approve, and see what came of it. */
import type { Command } from 'commander';
import { z } from 'zod';
import {
  affectedView,
  approvalResult,
  orderList,
  orderProposal,
  orderView,
  type RevisionView,
  receiptList,
  revisionView,
} from '../../shared/api/orders.ts';
import { CordonError } from '../../shared/errors.ts';
import { approveRevision } from '../../shared/order/approver-key.ts';
import type { Cli } from './cli.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { table, when } from './output.ts';
import { nameLines, peopleNames } from './people.ts';
import { readText } from './secrets.ts';
import { revisionText } from './signing-text.ts';

/** Flags that are terms of an order, with the same names. */
interface TermOptions {
  readonly file?: string;
  readonly statement?: string[];
  readonly disputed?: string[];
  readonly exempt?: string[];
  readonly exemptGroup?: string[];
}

function addTerms(command: Command): Command {
  return command
    .option('--file <file>', 'terms as JSON; flags go before it')
    .option('--title <text>')
    .option('--areas <area...>', 'PK, US-CA, EU …')
    .option('--services <service...>', 'enrolment, management, messaging, mail')
    .option('--nexus <tie...>', 'present, home, network, seat')
    .option('--effective <time>', 'RFC 3339, or local time in --zone')
    .option('--until <time>', 'the same; without it the order lasts until it is withdrawn')
    .option('--zone <zone>', 'an IANA time zone')
    .option('--mode <mode>', 'suspend or exit')
    .option('--unknown <rule>', 'allow or deny devices whose location is unknown')
    .option('--contested <rule>', 'allow or deny devices that may be inside or outside')
    .option('--stale <rule>', 'keep, allow or deny when a device could not refresh its list')
    .option('--visitors <duration>', 'grace for devices whose home is elsewhere: P7D')
    .option('--travellers <rule>', 'allow or deny devices at home there and present elsewhere')
    .option(
      '--waiting <rule>',
      'hold, deliver or return messages that wait for a device when the order shuts messaging (agents of this release have all held)',
    )
    .option('--disputed <feature=area...>', 'where the order puts disputed ground')
    .option('--authority <text>')
    .option('--addressee <text>')
    .option('--instrument <text>')
    .option('--statement <language=text...>', 'the public statement')
    .option('--appeal <text>', 'whom a person who is denied can turn to')
    .option('--exempt <device...>', 'these devices are exempt')
    .option('--exempt-group <group...>', 'the devices that are in these groups now are exempt');
}

function terms({ file, statement, disputed, exempt, exemptGroup, ...flags }: TermOptions): Record<string, unknown> {
  const given = file === undefined ? {} : z.record(z.string(), z.unknown()).parse(readJson(file));
  const exempted = [
    ...(exempt ?? []).map((device) => ({ device })),
    ...(exemptGroup ?? []).map((group) => ({ group })),
  ];
  return {
    ...given,
    ...flags,
    ...(statement ? { statement: pairs(statement) } : {}),
    ...(disputed ? { disputed: pairs(disputed) } : {}),
    ...(exempted.length > 0 ? { exempt: exempted } : {}),
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readText(file));
  } catch (error) {
    if (error instanceof CordonError) throw error;
    throw new CordonError('invalid_input', `${file} is not JSON.`, {}, error);
  }
}

function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new CordonError('invalid_input', `"${text}" is not of the form name=value.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

export function addOrderCommands(program: Command, cli: Cli): void {
  const orders = program.command('orders').description('orders: what is shut where, by whose word');
  const order = (number: string) => `/orders/${encodeURIComponent(number)}`;

  const proposed = (revision: RevisionView) => {
    const { lines, digest } = revisionText(revision.payload, revision);
    const next = `cordon orders approve ${revision.order} ${revision.revision} --key FILE --digest ${digest}`;
    cli.out().show(revision, [...lines, `Nothing has changed yet. Approvers: ${next}`]);
  };

  orders
    .command('list')
    .description('all orders as they stand')
    .action(async () => {
      const { orders: all } = await cli.client().call(orderList, 'GET', '/orders');
      const rows = all.map((one) => [
        one.number,
        one.status,
        one.terms.areas.join(' '),
        one.terms.services.join(' '),
        one.terms.effective,
        one.terms.until,
        one.title,
      ]);
      cli.out().show(all, table(['number', 'status', 'areas', 'services', 'effective', 'until', 'title'], rows));
    });
  orders
    .command('show')
    .description('an order with its revisions, or one revision as it is signed')
    .argument('<number>')
    .argument('[revision]', 'its number', Number)
    .action(async (number: string, revision?: number) => {
      if (revision !== undefined) {
        const view = await cli.client().call(revisionView, 'GET', `${order(number)}/revisions/${revision}`);
        return cli
          .out()
          .show(view, [`state ${view.state}`, ...revisionText(view.payload, { order: number, revision }).lines]);
      }
      const view = await cli.client().call(orderView, 'GET', order(number));
      const nameOf = await peopleNames(cli.client());
      const people = view.revisions.flatMap(({ proposer, approvals }) => [
        proposer,
        ...approvals.map(({ person }) => person),
      ]);
      const rows = view.revisions.map((one) => [
        one.revision,
        one.act,
        one.state,
        one.proposer,
        when(one.proposedAt),
        when(one.adoptedAt),
        one.approvals.map(({ person }) => person).join(' ') || null,
      ]);
      cli.out().show(view, [
        ...table(
          ['number', 'status', 'areas', 'title'],
          [[view.number, view.status, view.terms.areas.join(' '), view.title]],
        ),
        ...table(['revision', 'act', 'state', 'proposer', 'proposed', 'adopted', 'approved by'], rows),
        ...nameLines(people, nameOf),
        ...table(
          ['revision', 'in force', 'at'],
          view.executions.map((one) => [one.revision, one.state, when(one.at)]),
        ),
      ]);
    });
  addTerms(orders.command('propose').description('propose an order, from flags or a JSON file')).action(
    async (options: TermOptions) => {
      const body = terms(options);
      orderProposal.parse(body);
      proposed(await cli.client().call(revisionView, 'POST', '/orders', body));
    },
  );
  for (const [act, text] of [
    ['revise', 'propose other terms'],
    ['extend', 'propose another effective time or end'],
    ['hold', 'propose to put it out of force for now: one approval holds it for 72 hours'],
    ['release', 'propose to put it back in force'],
    ['withdraw', 'propose to end it, for good'],
  ] as const) {
    addTerms(orders.command(act).description(text).argument('<number>')).action(
      async (number: string, options: TermOptions) => {
        const body = { act, ...terms(options) };
        proposed(await cli.client().call(revisionView, 'POST', `${order(number)}/revisions`, body));
      },
    );
  }
  orders
    .command('approve')
    .description('show one revision in words and sign its exact text')
    .argument('<number>')
    .argument('<revision>', 'its number', Number)
    .requiredOption('--key <file>', "the approver's key file")
    .option('--passphrase-file <file>', 'instead of typing it (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign if the text has this digest')
    .option('--yes', 'sign without asking')
    .action(async (number: string, revision: number, options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const path = `${order(number)}/revisions/${revision}`;
      const { payload } = await cli.client().call(revisionView, 'GET', path);
      await confirm(cli, revisionText(payload, { order: number, revision }), options);
      const key = await openKey(cli, options);
      const body = { keyid: key.keyid, signature: approveRevision(key, payload) };
      const result = await cli.client().call(approvalResult, 'POST', `${path}/approvals`, body);
      cli.out().show(result, [result.detail]);
    });
  orders
    .command('affected')
    .description('the devices that it denies something')
    .argument('<number>')
    .action(async (number: string) => {
      const { devices } = await cli.client().call(affectedView, 'GET', `${order(number)}/affected`);
      const rows = devices.map(({ device, denied, reasons }) => [device, denied.join(' '), reasons.join(' ')]);
      cli.out().show(devices, table(['device', 'denied', 'reasons'], rows));
    });
  orders
    .command('receipts')
    .description("devices' signed words on it")
    .argument('<number>')
    .action(async (number: string) => {
      const { receipts } = await cli.client().call(receiptList, 'GET', `${order(number)}/receipts`);
      const rows = receipts.map((one) => [one.device, one.kind, one.service, one.gate, one.revision, one.at]);
      cli.out().show(receipts, table(['device', 'kind', 'service', 'gate', 'revision', 'at'], rows));
    });
}
