/** restoration: what a restored server still lacks, and the devices that it does not know. */
import type { Command } from 'commander';
import { restorationView } from '../../shared/api/restoration.ts';
import { done } from '../../shared/api/wire.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { table, when } from './output.ts';

export function addRestorationCommands(program: Command, cli: Cli): void {
  const restoration = program
    .command('restoration')
    .description('The state of a server that was restored from a backup');
  restoration
    .command('show')
    .description('Show what is still missing, and the devices that wait to be readmitted')
    .action(async () => {
      const view = await cli.client().call(restorationView, 'GET', '/restoration');
      const { restoration: found, devices } = view;
      if (!found) return cli.out().show(view, ['No restoration is open.']);
      const { missing, missingApprovers, recalled, ledgerSuspended, revocations } = found;
      cli.out().show(view, [
        `Restored on ${when(found.restoredAt)} from the backup of ${when(found.recoveryPoint)}.`,
        `${recalled.devices} devices were asked, and ${recalled.newer} knew newer documents: ${recalled.revisions} revisions and ${recalled.approvers} approver sets came back.`,
        ...missing.map(({ order, revision }) => `Missing: revision ${revision} of order ${order}.`),
        ...(missingApprovers > 0 ? [`Missing: approver set ${missingApprovers}.`] : []),
        ...(ledgerSuspended === null
          ? []
          : [`The ledger rests: ${ledgerSuspended}. Restore again with --ledger and a newer copy.`]),
        ...(revocations === 'unknown'
          ? ['Revocations after the backup are lost. Revoke each device that was revoked since.']
          : []),
        ...(devices.length === 0
          ? ['No device waits to be readmitted.']
          : table(
              ['serial', 'device', 'seen', 'published', 'user', 'group'],
              devices.map(({ serial, device, seenAt, published, user, group }) => [
                ...[serial, device, when(seenAt), published ? 'yes' : 'no', plain(user ?? 'not known')],
                plain(group ?? 'not known'),
              ]),
            )),
      ]);
    });
  restoration
    .command('readmit')
    .description(
      'Accept a device again that enrolled after the backup. Do this only if you know that it was not revoked.',
    )
    .argument('<serial>', 'of its certificate, as "show" lists it')
    .option('--person <id>', 'the person (cordon people list), if the backup does not say')
    .option('--group <name>', 'the group, if the backup does not say')
    .action(async (serial: string, body: { person?: string; group?: string }) => {
      const path = `/restoration/devices/${encodeURIComponent(serial)}/readmit`;
      const view = await cli.client().call(done, 'POST', path, body);
      cli.out().show(view, ['The device is accepted from its next connection on.']);
    });
  restoration
    .command('close')
    .description('End the restoration. Devices are no longer asked, and no further device is readmitted.')
    .action(async () => {
      const view = await cli.client().call(done, 'POST', '/restoration/close', {});
      cli.out().show(view, ['The restoration is closed.']);
    });
}
