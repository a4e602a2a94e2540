/** `cordon recovery`: shows and completes the recovery after a restored backup, which may lack documents and devices. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { MOST_READMITTED, type RecoveryView, readmissionResults, recoveryView } from '../../shared/api/recovery.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { addContinuationCommands } from './continuation-commands.ts';
import { readText } from './local-files.ts';
import { table, when } from './output.ts';

export function addRecoveryCommands(program: Command, cli: Cli): void {
  const recovery = commandOf(program, 'recovery');
  recovery
    .command('show')
    .description('Show the missing documents, and the devices that wait for readmission')
    .action(async () => {
      const view = await cli.client().call(recoveryView, 'GET', '/recovery');
      cli.out().show(view, linesOf(view));
    });
  recovery
    .command('readmit')
    .description(
      'Accept devices again that enrolled after the backup. Do this only if you know that they were not revoked.',
    )
    .argument('[serials...]', 'serial numbers of the certificates, from "show"')
    .option('--all', 'all devices of "show" whose user and group the backup names')
    .option('--person <person>', 'user of the devices (cordon people list); needed if the backup names no user')
    .option('--group <name>', 'group of the devices; needed if the backup names no group')
    .action(async (serials: string[], { all = false, ...owner }: ReadmitOptions) => {
      const chosen = all ? await known(cli) : serials;
      if (chosen.length === 0) {
        throw new CordonError(
          'invalid_input',
          all
            ? 'No device waits whose user and group the backup names. Run: cordon recovery show.'
            : 'Give the serial numbers from "cordon recovery show", or --all.',
        );
      }
      const results: Results = [];
      for (let from = 0; from < chosen.length; from += MOST_READMITTED) {
        const devices = chosen.slice(from, from + MOST_READMITTED).map((serial) => ({ serial, ...owner }));
        const view = await cli.client().call(readmissionResults, 'POST', '/recovery/readmissions', { devices });
        results.push(...view.results);
      }
      cli.out().show({ results }, resultLines(results));
      if (results.some(({ error }) => error !== null)) cli.exitWith(EXIT.conflict);
    });
  recovery
    .command('reject')
    .description('Revoke the certificate of a device that waits for readmission. The device must enroll again.')
    .argument('<serial>', 'serial number of the certificate, from "show"')
    .action(async (serial: string) => {
      const path = `/recovery/devices/${encodeURIComponent(serial)}/reject`;
      const view = await cli.client().call(done, 'POST', path, {});
      cli.out().show(view, ['The certificate is revoked. Create an activation code to enroll the device again.']);
    });
  recovery
    .command('resume-ledger')
    .description(
      'Continue the public ledger from the restored tree. Do this only if no entry was published after the backup.',
    )
    .option('--checkpoint <file>', 'stored checkpoint, such as the file "checkpoint" of a ledger copy')
    .action(async ({ checkpoint }: { checkpoint?: string }) => {
      const body = checkpoint === undefined ? {} : { checkpoint: readText(checkpoint) };
      const view = await cli.client().call(done, 'POST', '/recovery/ledger/resume', body);
      cli.out().show(view, ['The ledger accepts entries again. A device that has seen more entries raises an alert.']);
    });
  addContinuationCommands(recovery, cli);
  recovery
    .command('close')
    .description('End the recovery. The server no longer asks devices for documents, and readmits no further device.')
    .action(async () => {
      const view = await cli.client().call(done, 'POST', '/recovery/close', {});
      cli.out().show(view, ['The recovery is closed.']);
    });
}

interface ReadmitOptions {
  readonly all?: boolean;
  readonly person?: string;
  readonly group?: string;
}
type Results = z.output<typeof readmissionResults>['results'];

/** Serial numbers of waiting devices whose user and group the server takes from the backup. */
async function known(cli: Cli): Promise<string[]> {
  const { devices } = await cli.client().call(recoveryView, 'GET', '/recovery');
  return devices
    .filter(({ obstacle, user, group }) => obstacle === null && user !== null && group !== null)
    .map(({ serial }) => serial);
}

function resultLines(results: Results): string[] {
  const failed = results.flatMap(({ serial, error }) => (error === null ? [] : [[serial, plain(error.detail)]]));
  const readmitted = results.length - failed.length;
  return [
    `${readmitted} of ${results.length} devices readmitted. The server accepts each from its next connection on.`,
    ...(failed.length > 0 ? table(['not readmitted', 'reason'], failed) : []),
  ];
}

function linesOf({ recovery: found, evidence, devices }: RecoveryView): string[] {
  if (!found) return ['No recovery is in progress.'];
  const { missing, missingApprovers, recalled, revocations, conversations } = found;
  return [
    `Restored on ${when(found.restoredAt)} from the backup of ${when(found.recoveryPoint)}.`,
    `${recalled.devices} devices were asked, and ${recalled.newer} had newer documents. ${recalled.revisions} revisions and ${recalled.approvers} approver sets were recovered.`,
    ...missing.map(({ order, revision }) => `Missing: revision ${revision} of order ${order}.`),
    ...(missingApprovers > 0 ? [`Missing: approver set ${missingApprovers}.`] : []),
    ...ledgerLines(found, evidence),
    ...(revocations === 'unknown'
      ? ['Revocations after the backup are lost. Revoke each device that was revoked since.']
      : []),
    ...(conversations === null || conversations === 0
      ? []
      : [
          `${conversations} conversations may have continued after the backup. Where the server is behind, their devices continue in a successor when the members change.`,
        ]),
    ...(devices.length === 0
      ? ['No device waits to be readmitted.']
      : table(
          ['serial', 'device', 'valid from', 'seen', 'published', 'user', 'group', 'readmission'],
          devices.map(({ serial, device, notBefore, seenAt, published, user, group, obstacle }) => [
            serial,
            device,
            when(notBefore),
            when(seenAt),
            published ? 'yes' : 'no',
            plain(user ?? 'unknown'),
            plain(group ?? 'unknown'),
            obstacle === null ? 'possible' : OBSTACLE_WORDS[obstacle],
          ]),
        )),
  ];
}

const OBSTACLE_WORDS: Readonly<Record<NonNullable<RecoveryView['devices'][number]['obstacle']>, string>> = {
  revoked: 'no: revoked after the backup',
  superseded: 'no: newer enrollment in the backup',
  older: 'no: issued before the backup',
  expired: 'no: expired',
};

function ledgerLines(
  { ledgerSuspended, resumed, continued }: NonNullable<RecoveryView['recovery']>,
  evidence: RecoveryView['evidence'],
): string[] {
  const lines: string[] = [];
  if (resumed) {
    lines.push(
      `An admin resumed the ledger on ${when(resumed.at)} from ${resumed.size} entries. ${resumed.checkpoints} of ${resumed.active} devices had reported a checkpoint. The largest had ${resumed.largestReported} entries.`,
    );
  }
  if (continued) {
    const shown =
      continued.largestReported === null
        ? 'The loss was unknown.'
        : `A ledger of ${continued.largestReported} entries was reported.`;
    lines.push(
      `Approvers continued the ledger on ${when(continued.at)} from ${continued.size} entries as ${continued.origin}. ${shown}`,
    );
  }
  if (ledgerSuspended !== null) lines.push(`The ledger is suspended: ${ledgerSuspended}.`);
  if (evidence) {
    const { active, asked, responded, checkpoints, notContained, lost, largest, size } = evidence;
    lines.push(
      `Ledger: ${size} entries here. ${asked} of ${active} active devices were asked, ${responded} responded, ${checkpoints} reported a checkpoint, ${notContained} reported one that the ledger here does not contain.`,
    );
    if (lost > 0) lines.push(`${lost} devices have seen entries that the continuation left out.`);
    if (evidence.silent.length > 0) lines.push(`Asked, no answer yet: ${evidence.silent.join(', ')}.`);
    if (largest) lines.push(`The largest reported checkpoint has ${largest.size} entries, root ${largest.root}.`);
    if (ledgerSuspended !== null) lines.push(evidence.obstacle ?? RESUMABLE);
  }
  return lines;
}

const RESUMABLE =
  'Every reported checkpoint is contained in the ledger here. If no entry was published after the backup, run: cordon recovery resume-ledger.';
