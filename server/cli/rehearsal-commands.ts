/** orders rehearse and orders names: what an order would do before anybody signs it. Nothing of it reaches a device. */
import { type Command, Option } from 'commander';
import {
  IMPACT_CHANGES,
  IMPACT_CLASSES,
  impactView,
  type OrderPreview,
  orderPreview,
  orderWarnings,
} from '../../shared/api/orders.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { saveDownload } from './download.ts';
import { table, when } from './output.ts';

interface FilterOptions {
  readonly revision?: string;
  readonly against?: string;
  readonly now?: boolean;
  readonly class?: string;
  readonly change?: string;
  readonly area?: string;
}

type RehearseOptions = FilterOptions & { readonly csv?: string };

const FILTER_FLAGS = ['revision', 'against', 'now', 'class', 'change', 'area'] as const;

function addFilter(command: Command): Command {
  return command
    .option('--revision <revision>', 'without it the one that waits for approvals, or else the approved one')
    .option('--against <revision>', 'tell what it changes against this one')
    .option('--now', 'as if it were in force now, and not at its effective time')
    .addOption(new Option('--class <class>', 'those of this kind alone').choices(IMPACT_CLASSES))
    .addOption(
      new Option('--change <change>', 'those for whom it changes this (with --against)').choices(IMPACT_CHANGES),
    )
    .option('--area <area>', 'those that are, or may be, there');
}

function filterOf({ now, revision, against, class: kind, change, area }: FilterOptions) {
  return { at: now === true ? 'now' : 'effective', revision, against, class: kind, change, area };
}

const pathOf = (number: string) => `/orders/${encodeURIComponent(number)}`;

/** `draft`: gives the command its flags for terms, and reads them. */
export function addRehearsalCommands(
  orders: Command,
  cli: Cli,
  draft: { add(command: Command): Command; read(options: object): Record<string, unknown> },
): void {
  const rehearse = orders
    .command('rehearse')
    .description(
      'whom a revision would touch, what waits for them and what to know in red; or a draft, from flags or a file',
    )
    .argument('[number]', 'an order; without it the flags below are a draft, which nobody keeps')
    .option('--csv <file>', 'all devices by handle, into a new file');
  draft.add(addFilter(rehearse)).action(async (number: string | undefined, options: RehearseOptions) => {
    if (number === undefined)
      return rehearseDraft(cli, draft.read(without(options, [...FILTER_FLAGS, 'csv'])), options);
    const flags = Object.keys(draft.read(without(options, [...FILTER_FLAGS, 'csv'])));
    if (flags.length > 0) {
      throw new CordonError(
        'invalid_input',
        `Either an order's number or a draft: ${flags.join(', ')} would be a draft.`,
      );
    }
    if (options.csv !== undefined) {
      const asked = `/api/v1${pathOf(number)}/impact.csv${search(filterOf(options))}`;
      const bytes = await saveDownload(await cli.client().raw('GET', asked), options.csv, 'table');
      return cli.out().show({ file: options.csv, bytes }, [`${options.csv}: ${bytes} bytes`]);
    }
    const asked = `${pathOf(number)}/impact${search({ ...filterOf(options), limit: 0 })}`;
    const { devices: _, ...found } = await cli.client().call(impactView, 'GET', asked);
    const warned = `${pathOf(number)}/revisions/${found.revision}/warnings`;
    const { warnings } = await cli.client().call(orderWarnings, 'GET', warned);
    const { changes, against, waiting } = found;
    cli.out().show({ ...found, warnings }, [
      ...countLines(`Revision ${found.revision} of order ${number}`, found),
      ...(changes === null
        ? []
        : [`against revision ${against}: ${IMPACT_CHANGES.map((one) => `${one} ${changes[one]}`).join(', ')}`]),
      `waiting: ${waiting.messages} messages (${waiting.bytes} bytes) and ${waiting.commands} commands, for ${waiting.devices} devices`,
      ...table(
        ['place', 'touched', 'denied'],
        found.places.map(({ area, devices, denied }) => [area, devices, denied]),
      ),
      ...warningLines(warnings),
      `${found.total} devices are listed by --csv FILE; their names: cordon orders names`,
    ]);
  });
  addFilter(
    orders
      .command('names')
      .description('the names behind the handles, sealed to one recipient; making it is in the ledger')
      .argument('<number>')
      .requiredOption('--to <name>', 'whose the key is')
      .requiredOption('--recipient <age>', 'their public key, as age-keygen prints it: age1…')
      .requiredOption('--out <file>', 'a new file'),
  ).action(async (number: string, options: FilterOptions & { to: string; recipient: string; out: string }) => {
    const { to, recipient, out } = options;
    const body = JSON.stringify({ ...filterOf(options), recipient: { name: to, key: recipient } });
    const headers = { 'content-type': 'application/json' };
    const response = await cli.client().raw('POST', `/api/v1${pathOf(number)}/impact/names`, body, headers);
    const bytes = await saveDownload(response, out, 'file of names');
    cli
      .out()
      .show({ file: out, bytes }, [`${out}: ${bytes} bytes, which ${plain(to)} opens with: age -d -i KEY ${out}`]);
  });
}

function search(asked: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}

function without(options: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

async function rehearseDraft(cli: Cli, terms: Record<string, unknown>, options: RehearseOptions): Promise<void> {
  const given = [...FILTER_FLAGS, 'csv' as const].filter((flag) => options[flag] !== undefined);
  if (given.length > 0) {
    const flags = given.map((flag) => `--${flag}`).join(', ');
    throw new CordonError(
      'invalid_input',
      `${flags}: for an order's number only. Propose the draft: it has no effect yet.`,
    );
  }
  const preview = await cli.client().call(orderPreview, 'POST', '/orders/preview', terms);
  const { problems, impact, warnings } = preview;
  cli
    .out()
    .show(preview, [
      ...problems.map(({ field, detail, suggestions }) =>
        plain(
          `would be refused: ${field}: ${detail}${suggestions.length > 0 ? ` (${suggestions.join(' or ')}?)` : ''}`,
        ),
      ),
      ...(impact ? countLines('The draft', impact) : []),
      ...warningLines(warnings),
    ]);
}

function countLines(what: string, { at, fleet, counts }: NonNullable<OrderPreview['impact']>): string[] {
  return [
    `${what}, for ${when(at)}, of ${fleet} devices`,
    ...table(
      ['kind', 'devices'],
      IMPACT_CLASSES.map((one) => [one, counts[one]]),
    ),
  ];
}

const warningLines = (warnings: OrderPreview['warnings']): string[] =>
  warnings.map(({ detail }) => plain(`WARNING ${detail}`));
