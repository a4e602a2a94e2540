/** `cordon recovery`: shows and completes the recovery after a restored backup, which may lack documents and devices. */
import type { Command } from 'commander';
import { type RecoveryView, recoveryView } from '../../shared/api/recovery.ts';
import { done } from '../../shared/api/wire.ts';
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
      'Accept a device again that enrolled after the backup. Do this only if you know that it was not revoked.',
    )
    .argument('<serial>', 'serial number of the certificate, from "show"')
    .option('--person <person>', 'user of the device (cordon people list); needed if the backup names no user')
    .option('--group <name>', 'group of the device; needed if the backup names no group')
    .action(async (serial: string, body: { person?: string; group?: string }) => {
      const path = `/recovery/devices/${encodeURIComponent(serial)}/readmit`;
      const view = await cli.client().call(done, 'POST', path, body);
      cli.out().show(view, ['The device is accepted from its next connection on.']);
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
