/**
 * `cordon orders rehearse` and `cordon orders names`: show the impact of an order before its approval. The commands send nothing to
 * devices.
 */
import { type Command, Option } from 'commander';
import { IMPACT_CHANGES, IMPACT_CLASSES } from '../../shared/api/impact-classes.ts';
import { impactView } from '../../shared/api/order-impact.ts';
import { type OrderPreview, orderPreview, orderWarnings } from '../../shared/api/order-preview.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { saveDownload } from './download.ts';
import { orderPath, revisionPath } from './order-path.ts';
import { addTermOptions, readTerms } from './order-terms.ts';
import { table, when } from './output.ts';

interface FilterOptions {
  readonly revision?: string;
  readonly baseline?: string;
  readonly now?: boolean;
  readonly class?: string;
  readonly change?: string;
  readonly area?: string;
}

type RehearseOptions = FilterOptions & { readonly csv?: string };

const FILTER_FLAGS = ['revision', 'baseline', 'now', 'class', 'change', 'area'] as const;

function addFilter(command: Command): Command {
  return command
    .option('--revision <revision>', 'revision number. Default: the pending revision, or else the current one')
    .option('--baseline <revision>', 'compare with this revision')
    .option('--now', 'compute the impact for now instead of the effective time')
    .addOption(new Option('--class <class>', 'show only devices of this class').choices(IMPACT_CLASSES))
    .addOption(
      new Option('--change <change>', 'show only devices with this change (with --baseline)').choices(IMPACT_CHANGES),
    )
    .option('--area <area>', 'show only devices that are or may be in this area');
}

function filterOf({ now, revision, baseline, class: kind, change, area }: FilterOptions) {
  return { at: now === true ? 'now' : 'effective', revision, baseline, class: kind, change, area };
}

export function addRehearsalCommands(orders: Command, cli: Cli): void {
  const rehearse = orders
    .command('rehearse')
    .description('Preview the impact of a revision or a draft, with warnings')
    .argument('[number]', 'order number. Without it, the options describe a draft, which is not stored')
    .option('--csv <file>', 'write all devices by id to a new CSV file');
  addTermOptions(addFilter(rehearse)).action(async (number: string | undefined, options: RehearseOptions) => {
    if (number === undefined) return rehearseDraft(cli, readTerms(without(options, [...FILTER_FLAGS, 'csv'])), options);
    const flags = Object.keys(readTerms(without(options, [...FILTER_FLAGS, 'csv'])));
    if (flags.length > 0) {
      throw new CordonError(
        'invalid_input',
        `Give an order number or the terms of a draft, not both. These are terms: ${flags.join(', ')}.`,
      );
    }
    if (options.csv !== undefined) {
      const path = `/api/v1${orderPath(number)}/impact.csv${search(filterOf(options))}`;
      const bytes = await saveDownload(await cli.client().raw('GET', path), options.csv, 'table');
      return cli.out().show({ file: options.csv, bytes }, [`${options.csv}: ${bytes} bytes`]);
    }
    const path = `${orderPath(number)}/impact${search({ ...filterOf(options), limit: 0 })}`;
    const { devices: _, ...found } = await cli.client().call(impactView, 'GET', path);
    const warned = `${revisionPath(number, found.revision)}/warnings`;
    const { warnings } = await cli.client().call(orderWarnings, 'GET', warned);
    const { changes, baseline, waiting } = found;
    cli.out().show({ ...found, warnings }, [
      ...countLines(`Revision ${found.revision} of order ${number}`, found),
      ...(changes === null
        ? []
        : [
            `compared with revision ${baseline}: ${IMPACT_CHANGES.map((one) => `${one.replaceAll('_', ' ')} ${changes[one]}`).join(', ')}`,
          ]),
      `queued: ${waiting.messages} messages (${waiting.bytes} bytes) and ${waiting.commands} commands, for ${waiting.devices} devices`,
      ...table(
        ['location', 'affected', 'denied'],
        found.areas.map(({ area, devices, denied }) => [area, devices, denied]),
      ),
      ...warningLines(warnings),
      `To list all ${found.total} devices, add --csv FILE. For user names: cordon orders names`,
    ]);
  });
  addFilter(
    orders
      .command('names')
      .description('Write the names of affected users to an encrypted file. The ledger records this')
      .argument('<number>')
      .requiredOption('--to <name>', 'name of the recipient')
      .requiredOption('--recipient <age>', 'public key of the recipient from age-keygen (age1…)')
      .requiredOption('--out <file>', 'new file'),
  ).action(async (number: string, options: FilterOptions & { to: string; recipient: string; out: string }) => {
    const { to, recipient, out } = options;
    const body = JSON.stringify({ ...filterOf(options), recipient: { name: to, key: recipient } });
    const headers = { 'content-type': 'application/json' };
    const response = await cli.client().raw('POST', `/api/v1${orderPath(number)}/impact/names`, body, headers);
    const bytes = await saveDownload(response, out, 'file of names');
    cli
      .out()
      .show({ file: out, bytes }, [`${out}: ${bytes} bytes. ${plain(to)} decrypts it with: age -d -i KEY ${out}`]);
  });
}

function search(options: Readonly<Record<string, string | number | undefined>>): string {
  const setOptions = Object.entries(options).filter(([, value]) => value !== undefined);
  return `?${new URLSearchParams(setOptions.map(([name, value]) => [name, String(value)])).toString()}`;
}

function without(options: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

async function rehearseDraft(cli: Cli, terms: Record<string, unknown>, options: RehearseOptions): Promise<void> {
  const setFlags = [...FILTER_FLAGS, 'csv' as const].filter((flag) => options[flag] !== undefined);
  if (setFlags.length > 0) {
    const flags = setFlags.map((flag) => `--${flag}`).join(', ');
    throw new CordonError(
      'invalid_input',
      `${flags} needs an order number. Propose the draft first: a proposal has no effect before its approval.`,
    );
  }
  const preview = await cli.client().call(orderPreview, 'POST', '/orders/preview', terms);
  const { problems, impact, warnings } = preview;
  cli
    .out()
    .show(preview, [
      ...problems.map(({ field, detail, suggestions }) =>
        plain(`invalid: ${field}: ${detail}${suggestions.length > 0 ? ` (${suggestions.join(' or ')}?)` : ''}`),
      ),
      ...(impact ? countLines('The draft', impact) : []),
      ...warningLines(warnings),
    ]);
}

function countLines(subject: string, { at, fleet, counts }: NonNullable<OrderPreview['impact']>): string[] {
  return [
    `${subject}, for ${when(at)}, of ${fleet} devices`,
    ...table(
      ['kind', 'devices'],
      IMPACT_CLASSES.map((one) => [one, counts[one]]),
    ),
  ];
}

const warningLines = (warnings: OrderPreview['warnings']): string[] =>
  warnings.map(({ detail }) => plain(`WARNING ${detail}`));
