/** orders: propose, act, approve, and see what came of it. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import {
  affectedView,
  approvalResult,
  decisionView,
  exemptionList,
  keptDocument,
  type OrderExit,
  orderExit,
  orderList,
  orderProposal,
  orderView,
  type RevisionView,
  receiptList,
  revisionView,
} from '../../shared/api/orders.ts';
import { CordonError } from '../../shared/errors.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { decisionCommitment } from '../../shared/order/decision-record.ts';
import type { InstrumentDocument } from '../../shared/order/documents.ts';
import { EXIT_OUTCOMES } from '../../shared/pack/destruction.ts';
import { destroyedWords, KEPT, OUTCOME_WORDS, REMAINING } from '../../shared/pack/destruction-words.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { table, when } from './output.ts';
import { nameLines, peopleNames } from './people.ts';
import { addRehearsalCommands } from './rehearsal-commands.ts';
import { readText } from './secrets.ts';
import { revisionText } from './signing-text.ts';
import { mediaTypeOf, readBytes } from './upload-file.ts';

/** Flags that are terms of an order, with the same names. */
interface TermOptions {
  readonly file?: string;
  readonly statement?: string[];
  readonly disputed?: string[];
  readonly disputedByPolicy?: true;
  readonly notice?: string[];
  readonly publishAt?: string;
  readonly withheldBy?: string;
  readonly document?: string[];
  readonly considered?: string;
  readonly consideredBy?: string;
  readonly reasons?: string;
  readonly exempt?: string[];
  readonly exemptGroup?: string[];
  readonly exemptUntil?: string;
  readonly exemptReason?: string;
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
      'hold, deliver or return messages that wait for a device when the order shuts messaging',
    )
    .option(
      '--disputed <feature=area...>',
      'where the order puts disputed ground, or feature=contested; of what is not named the policy in force decides (areas policy)',
    )
    .option('--disputed-by-policy', 'a revision speaks of disputed ground anew: as the policy in force says')
    .option('--authority <text>')
    .option('--addressee <text>')
    .option('--instrument <text>')
    .option('--statement <language=text...>', 'the public statement')
    .option('--appeal <text>', 'whom a person who is denied can turn to')
    .option(
      '--document <title=file...>',
      'the instrument as it was received: kept sealed, named in the order by its hash',
    )
    .option('--considered <text>', 'what was considered, for the decision record, which is kept apart')
    .option('--considered-by <text>', 'by whom')
    .option('--reasons <text>', 'internal reasons, kept with it')
    .option('--received-on <date>', 'the day on which the instrument was received: 2015-07-22')
    .option('--answer-by <time>', 'when it is to be answered by; RFC 3339, or local time in --zone')
    .option('--provenance <word>', 'asserted, confirmed or disputed')
    .option('--notice <language=text...>', 'what people on devices are told; without it, the public statement')
    .option('--notice-plan <moment...>', 'when they are told: P30D, P7D, P1D, PT1H, entry, withdrawal')
    .option('--publish-at <time>', 'keep the order from the public until then, but for number, services and areas')
    .option('--withheld-by <law>', 'the same, by this law')
    .option('--export-window <duration>', 'for mode exit: how long people can export before a wipe may be approved')
    .option('--answers <number>', 'the order that this one, your own, is the answer to')
    .option('--exempt <device...>', 'these devices are exempt')
    .option('--exempt-group <group...>', 'the devices that are in these groups now are exempt')
    .option('--exempt-until <time>', 'all of these until then; in a file each has an `until` and a `reason` of its own')
    .option('--exempt-reason <text>', 'why, for us alone');
}

function terms(options: TermOptions): Record<string, unknown> {
  const { file, statement, disputedByPolicy, disputed = disputedByPolicy && [], ...more } = options;
  const { exempt, exemptGroup, exemptUntil: until, exemptReason: reason, ...others } = more;
  const { notice, publishAt, withheldBy, ...rest } = others;
  const { document: _document, considered, consideredBy: by, reasons, ...flags } = rest;
  if (publishAt !== undefined && withheldBy !== undefined) {
    throw new CordonError('invalid_input', 'Give --publish-at or --withheld-by, not both.');
  }
  const given = file === undefined ? {} : z.record(z.string(), z.unknown()).parse(readJson(file));
  const said = { ...(until === undefined ? {} : { until }), ...(reason === undefined ? {} : { reason }) };
  const exempted = [
    ...(exempt ?? []).map((device) => ({ device, ...said })),
    ...(exemptGroup ?? []).map((group) => ({ group, ...said })),
  ];
  if (exempted.length === 0 && Object.keys(said).length > 0) {
    throw new CordonError('invalid_input', 'Say who is exempt, too: --exempt DEVICE or --exempt-group GROUP.');
  }
  return {
    ...given,
    ...flags,
    ...(statement ? { statement: pairs(statement) } : {}),
    ...(disputed ? { disputed: pairs(disputed) } : {}),
    ...(notice ? { notice: pairs(notice) } : {}),
    ...(publishAt === undefined ? {} : { publication: { until: publishAt } }),
    ...(withheldBy === undefined ? {} : { publication: { law: withheldBy } }),
    ...(exempted.length > 0 ? { exempt: exempted } : {}),
    ...([considered, by, reasons].some((each) => each !== undefined) ? { decision: { considered, by, reasons } } : {}),
  };
}

/** Uploads each document and says how an order names them. */
async function uploaded(cli: Cli, given: readonly string[] = []): Promise<{ documents?: InstrumentDocument[] }> {
  const documents: InstrumentDocument[] = [];
  for (const [title, file] of Object.entries(pairs(given))) {
    const path = `/api/v1/orders/documents?mediaType=${encodeURIComponent(mediaTypeOf(file))}`;
    const answer = await cli
      .client()
      .raw('POST', path, readBytes(file), { 'content-type': 'application/octet-stream' });
    documents.push({ title, ...keptDocument.parse(await answer.json()) });
  }
  return documents.length > 0 ? { documents } : {};
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

/** Each line for itself, so that none passes for one of ours. */
const lines = (label: string, text: string): string[] =>
  text.split('\n').map((line, at) => `${(at === 0 ? label : '').padEnd(12)}${plain(line)}`);

function exitLines(exit: OrderExit): string[] {
  return [
    `revision ${exit.revision}, approved at ${when(exit.adoptedAt)}`,
    ...table(
      ['devices', 'that'],
      [
        ...EXIT_OUTCOMES.map((outcome) => [exit[outcome], OUTCOME_WORDS[outcome]]),
        ...REMAINING.map(({ field, words }) => [exit[field], words]),
      ],
    ),
    ...table(
      ['destroyed', 'by which rule'],
      destroyedWords(exit.destroyed).map(({ what, rule }) => [what, rule]),
    ),
    ...table(
      ['kept', 'why'],
      KEPT.map(({ what, why }) => [what, why]),
    ),
  ];
}

/** Returns the command, for those that others add to it. */
export function addOrderCommands(program: Command, cli: Cli): Command {
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
        [...new Set(one.approvals.map(({ person }) => person))].join(' ') || null,
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
      const body = { ...terms(options), ...(await uploaded(cli, options.document)) };
      orderProposal.parse(body);
      proposed(await cli.client().call(revisionView, 'POST', '/orders', body));
    },
  );
  for (const [act, text] of [
    ['revise', 'propose other terms'],
    ['extend', 'propose another effective time or end'],
    ['hold', 'propose to put it out of force for now: one approval holds it for 72 hours'],
    ['release', 'propose to put it back in force'],
    ['exit', 'propose to wipe work data on the devices that it denies service, for good, now that people could export'],
    ['withdraw', 'propose to end it, for good'],
  ] as const) {
    addTerms(orders.command(act).description(text).argument('<number>')).action(
      async (number: string, options: TermOptions) => {
        const body = { act, ...terms(options), ...(await uploaded(cli, options.document)) };
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
      const body = approvalOf(key, payload);
      const result = await cli.client().call(approvalResult, 'POST', `${path}/approvals`, body);
      cli.out().show(result, [result.detail]);
    });
  orders
    .command('document')
    .description('a document of its instrument, as it was received, into a file')
    .argument('<number>')
    .argument('<sha256>', 'as the order names it')
    .argument('<file>', 'which must not be there yet')
    .action(async (number: string, sha256: string, file: string) => {
      const answer = await cli.client().raw('GET', `/api/v1${order(number)}/documents/${encodeURIComponent(sha256)}`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
        throw new CordonError(
          'document_malformed',
          'The server sent another document than the one that the order names.',
        );
      }
      writeFileSync(file, bytes, { flag: 'wx', mode: 0o600 });
      cli.out().show({ file, bytes: bytes.length }, [`${bytes.length} bytes in ${file}`]);
    });
  orders
    .command('decision')
    .description('what was considered, by whom, and internal reasons')
    .argument('<number>')
    .argument('<revision>', 'its number', Number)
    .action(async (number: string, revision: number) => {
      const path = `${order(number)}/revisions/${revision}/decision`;
      const { salt, commitment, ...record } = await cli.client().call(decisionView, 'GET', path);
      if (decisionCommitment(salt, record) !== commitment) {
        throw new CordonError(
          'document_malformed',
          'The server sent another record than the one that the order commits to.',
        );
      }
      cli
        .out()
        .show({ ...record, salt, commitment }, [
          ...lines('considered', record.considered),
          ...lines('by', record.by),
          ...(record.reasons === undefined ? [] : lines('reasons', record.reasons)),
          `commitment  ${commitment}`,
          `salt        ${salt}`,
        ]);
    });
  orders
    .command('destruction')
    .description('what its exit has come to: who has wiped themselves, what was destroyed, what is kept and why')
    .argument('<number>')
    .action(async (number: string) => {
      const { exit } = await cli.client().call(orderExit, 'GET', `${order(number)}/exit`);
      cli.out().show(exit, exit === null ? ['No exit of this order was approved.'] : exitLines(exit));
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
    .command('exemptions')
    .description('whom a revision exempts, until when, why, and by whose word')
    .argument('<number>')
    .argument('[revision]', 'without it the adopted one, or else the newest', Number)
    .action(async (number: string, revision?: number) => {
      const newest = async () => {
        const { adoptedRevision, latestRevision } = await cli.client().call(orderView, 'GET', order(number));
        return adoptedRevision ?? latestRevision;
      };
      const path = `${order(number)}/revisions/${revision ?? (await newest())}/exemptions`;
      const told = await cli.client().call(exemptionList, 'GET', path);
      const nameOf = (person: string) => told.people[person] ?? person;
      const rows = told.exemptions.map((one) => [
        ...[one.device, one.until === null ? 'as long as the order lasts' : when(one.until), one.reason],
        ...[one.decidedIn, nameOf(one.askedBy), one.approvedBy.map(nameOf).join(', ') || null],
      ]);
      cli.out().show(told, table(['device', 'exempt until', 'why', 'revision', 'asked by', 'approved by'], rows));
    });
  orders
    .command('receipts')
    .description("devices' signed words on it")
    .argument('<number>')
    .action(async (number: string) => {
      const { receipts } = await cli.client().call(receiptList, 'GET', `${order(number)}/receipts`);
      const rows = receipts.map((one) => [
        ...[one.device, one.kind, one.service, one.gate, one.notice ?? null, one.revision, one.at],
      ]);
      cli.out().show(receipts, table(['device', 'kind', 'service', 'gate', 'notice', 'revision', 'at'], rows));
    });
  addRehearsalCommands(orders, cli, { add: addTerms, read: terms });
  return orders;
}
