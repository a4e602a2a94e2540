/** `cordon restore`: on the server's machine, with the server's environment, while no server runs. */
import type { Command } from 'commander';
import { CordonError } from '../../shared/errors.ts';
import { readConfig } from '../config.ts';
import type { Manifest } from '../recovery/manifest.ts';
import type { RestorationState } from '../recovery/state.ts';
import { type Restored, restore } from '../restore.ts';
import type { Cli } from './cli.ts';
import { when } from './output.ts';
import { readSecret, readText } from './secrets.ts';

interface Options {
  readonly identity?: string;
  readonly passphraseFile?: string;
  readonly ledger?: string;
  readonly crl?: string;
  readonly replace?: boolean;
  readonly verifyOnly?: boolean;
}

export function addRestoreCommand(program: Command, cli: Cli): void {
  program
    .command('restore')
    .description(
      'Restore a backup on this machine. Stop the server first, and set the same environment variables as for the server.',
    )
    .argument('<file>', 'a file that cordon backup made')
    .option('--identity <file>', 'the age identity that opens the file, as age-keygen wrote it')
    .option('--passphrase-file <file>', 'the passphrase, for a backup that was made with one')
    .option('--ledger <folder>', 'a copy of the public ledger (cordon ledger copy) that is newer than the backup')
    .option('--crl <file>', 'a revocation list that is newer than the backup')
    .option('--replace', 'move aside what is in the data folder; tables in PostgreSQL are removed')
    .option('--verify-only', 'check the file and the secrets, and change nothing')
    .action(async (file: string, options: Options) => {
      const done = await restore(readConfig(), {
        file,
        secret: await secretOf(options),
        ledger: options.ledger ?? null,
        crl: options.crl ?? null,
        replace: options.replace === true,
        verifyOnly: options.verifyOnly === true,
      });
      cli.out().show(done, reportOf(done));
    });

  async function secretOf({ identity, passphraseFile }: Options) {
    if (identity !== undefined && passphraseFile !== undefined) {
      throw new CordonError('invalid_input', 'Give --identity or --passphrase-file, not both.');
    }
    if (identity !== undefined) return { identity: readText(identity) };
    const passphrase = await readSecret(cli.terminal, {
      what: 'passphrase of the backup',
      file: passphraseFile,
      environment: null,
      mend: 'give --identity or --passphrase-file',
    });
    return { passphrase };
  }
}

function reportOf({ manifest, state, formerData }: Restored): string[] {
  const head = [
    `Backup of ${manifest.installation}, made by Cordon ${manifest.version} on ${when(manifest.realAt)}.`,
    `${manifest.parts.length} parts verified. The ledger in it has ${manifest.ledger.size} entries.`,
  ];
  if (!state) return [...head, 'The backup can be restored. Nothing was changed.'];
  return [
    ...head,
    `Recovery point: ${when(state.at)}. Everything after it is lost, except what follows.`,
    ...(formerData === null ? [] : [`The former data are in ${formerData}.`]),
    ...numbersOf(state, manifest),
    ...ledgerOf(state),
    ...revocationsOf(state),
    ...withdrawnOf(state),
    ...missingOf(state),
    'Start the server. It asks each device that connects for newer orders and approver sets, and takes those that are signed.',
    'Then run "cordon restoration show", and close the restoration when nothing is missing.',
  ];
}

const numbersOf = ({ to }: RestorationState, { versions }: Manifest): string[] => [
  `Order list ${versions.list} → ${to.list}, revocation list ${versions.crl} → ${to.crl}.`,
];

function ledgerOf({ ledger, rejoined }: RestorationState): string[] {
  if (ledger === 'rejoined') return [`The public ledger continues from the kept copy: ${rejoined} entries came back.`];
  return [
    'The public ledger rests: entries may have been published after the backup, and a second history must not be signed.',
    'Restore again with --ledger and a newer copy to continue the ledger. Devices verify no new conversation partners until then.',
  ];
}

function revocationsOf({ revocations, revoked }: RestorationState): string[] {
  const applied = `${revoked} certificates that were revoked after the backup are revoked again`;
  switch (revocations) {
    case 'both':
      return [`${applied}, from the ledger and the revocation list.`];
    case 'ledger':
      return [`${applied}, from the ledger.`];
    case 'crl':
      return [`${applied}, from the revocation list.`];
    case 'unknown':
      return [
        'Revocations after the backup are lost, because no --ledger and no --crl was given. A device that was revoked since can connect again.',
        'Revoke each such device now. If you do not know which ones, enroll all devices again.',
      ];
  }
}

function withdrawnOf({ withdrawn }: RestorationState): string[] {
  const { sessions, tokens, invitations, codes, commands, proposals } = withdrawn;
  return [
    'Ended, because they may have been used or withdrawn after the backup:',
    `  ${sessions} sessions, ${tokens} API tokens, ${invitations} invitations, ${codes} activation codes, ${commands} queued commands, ${proposals} pending revisions.`,
    'Check accounts and roles: changes to them after the backup are lost.',
  ];
}

function missingOf({ missing, missingApprovers }: RestorationState): string[] {
  return [
    ...missing.map(
      ({ order, revision }) =>
        `Revision ${revision} of order ${order} was adopted after the backup. A device must bring it back.`,
    ),
    ...(missingApprovers > 0
      ? [`Approver set ${missingApprovers} was adopted after the backup. A device must bring it back.`]
      : []),
  ];
}
