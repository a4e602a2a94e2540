/** `cordon activity`: lists, exports and verifies the activity log. Verification of an export needs no server. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { commitmentOf, type LedgerCommitment, verifyActivityExport } from '../../shared/activity/verify-export.ts';
import { type ActivityEntryView, activityList } from '../../shared/api/activity.ts';
import { CordonError } from '../../shared/errors.ts';
import { copyInFolder } from '../../shared/ledger/copy-ledger.ts';
import { verifyLedgerCopy } from '../../shared/ledger/verify-copy.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { saveDownload } from './download.ts';
import { table, when } from './output.ts';

interface FilterOptions {
  readonly from?: string;
  readonly to?: string;
  readonly [filter: string]: string | undefined;
}

const MINUTE = 60_000;

export function addActivityCommands(program: Command, cli: Cli): void {
  const activity = commandOf(program, 'activity');
  withFilters(activity.command('list'))
    .description('List entries, newest first')
    .option('--cursor <id>', 'show entries older than the entry with this id')
    .option('--limit <count>', 'number of entries, at most 200')
    .action(async (options: FilterOptions) => {
      const view = await cli.client().call(activityList, 'GET', `/activity${queryOf(parametersOf(options))}`);
      const columns = ['id', 'at', 'actor', 'action', 'targets', 'outcome', 'count', 'address', 'credential'];
      cli
        .out()
        .show(view, [
          ...table(columns, view.entries.map(rowOf)),
          ...(view.next === null ? [] : [`More entries: --cursor ${view.next}`]),
          ...(view.limited ? ['Your role shows only changes and events of the devices in its scope.'] : []),
        ]);
    });
  withFilters(activity.command('export'))
    .description('Save entries in a new file')
    .argument('<file>', 'new file')
    .option('--format <format>', 'sealed (for "cordon activity verify"), json or csv', 'sealed')
    .action(async (file: string, options: FilterOptions) => {
      const response = await cli.client().raw('GET', `/api/v1/activity/export${queryOf(parametersOf(options))}`);
      const bytes = await saveDownload(response, file, 'export');
      cli.out().show({ file, bytes, format: options.format }, [`${file}: ${bytes} bytes`]);
    });
  activity
    .command('verify')
    .description('Verify a sealed export offline: no entry was changed, removed or reordered')
    .argument('<file>', 'file of "cordon activity export"')
    .option('--ledger <folder>', 'folder of "cordon ledger copy", to compare the batches with the ledger')
    .option('--key <key>', 'verifier key of the ledger; get it from a source other than the copy')
    .action(async (file: string, { ledger, key }: { readonly ledger?: string; readonly key?: string }) => {
      const commitments = ledger === undefined ? null : await commitmentsIn(ledger, key);
      const view = await verifyActivityExport(linesOf(file), commitments);
      cli
        .out()
        .show({ ...view, pinned: key !== undefined }, [
          `${view.installation}: ${view.entries} entries in ${view.batches} batches, unchanged and complete`,
          ...(view.first && view.last
            ? [`Batches ${view.first.number} (${when(view.first.at)}) to ${view.last.number} (${when(view.last.at)})`]
            : []),
          ...(view.expired > 0
            ? [
                `${view.expired} batches have no entries. Compare with the retention period: the newest of these entries was of ${when(view.newestExpired)}.`,
              ]
            : []),
          ...(view.unsealed > 0 ? [`${view.unsealed} newest entries have no batch yet, so nothing proves them.`] : []),
          view.inLedger === null
            ? 'Not compared with the ledger. Give --ledger with a copy of the ledger, so that the operator cannot have made all batches anew.'
            : `The ledger has the commitments of all ${view.inLedger} batches.`,
        ]);
    });
}

function withFilters(command: Command): Command {
  return command
    .option('--from <time>', 'start of the time range, such as 2026-11-03 or 2026-11-03T08:00Z')
    .option('--to <time>', 'end of the time range, not included')
    .option('--admin <account>', 'id of the account that acted, or that an action concerns')
    .option('--device <device>', 'id or name of a device')
    .option('--person <person>', 'id or name of a person')
    .option('--kind <kind>', 'change, read, sign-in or event')
    .option('--action <action>', 'action such as commands.issue, or its first part such as commands')
    .option('--outcome <outcome>', 'ok, refused, unknown, or the code of an error')
    .option('--text <text>', 'text in an action, error code, address or name');
}

function parametersOf({ from, to, ...options }: FilterOptions): Record<string, string> {
  const parameters = {
    ...options,
    ...(from !== undefined && { from: timeOf(from, '--from') }),
    ...(to !== undefined && { to: timeOf(to, '--to') }),
  };
  return Object.fromEntries(
    Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

function timeOf(text: string, option: string): string {
  const at = Date.parse(text);
  if (Number.isFinite(at)) return String(at);
  throw new CordonError(
    'invalid_input',
    `${option}: ${text} is not a time. Give a date such as 2026-11-03, or a time such as 2026-11-03T08:00Z.`,
  );
}

function rowOf({
  id,
  at,
  until,
  actor,
  action,
  targets,
  targetCount,
  outcome,
  count,
  address,
  credential,
}: ActivityEntryView) {
  const named = targets.slice(0, 3).map((target) => `${target.kind} ${target.name ?? target.id}`);
  const more = targetCount - named.length;
  return [
    id,
    until !== null && until - at >= MINUTE ? `${when(at)} to ${when(until)}` : when(at),
    actor.name ?? actor.id ?? actor.kind,
    action,
    more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', '),
    outcome ?? 'running',
    count,
    address,
    credential,
  ];
}

async function commitmentsIn(folder: string, key: string | undefined): Promise<LedgerCommitment[]> {
  const commitments: LedgerCommitment[] = [];
  await verifyLedgerCopy(copyInFolder(folder), {
    ...(key !== undefined && { pinned: key }),
    onEntry: (_, entry) => {
      const commitment = commitmentOf(entry);
      if (commitment) commitments.push(commitment);
    },
  });
  return commitments;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new CordonError('not_found', `Cannot read ${file}: ${why}.`, {}, error);
  }
}
