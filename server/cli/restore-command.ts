/**
 * `cordon restore`: fills an empty store from a backup. An admin runs the command on the server's machine while the server is stopped, with
 * the server's environment variables.
 */
import type { Command } from 'commander';
import { CordonError } from '../../shared/errors.ts';
import { acceptRollback } from '../accept-rollback.ts';
import { readConfig } from '../config.ts';
import type { Manifest } from '../recovery/manifest.ts';
import type { RecoveryState } from '../recovery/recovery-state.ts';
import { type Restored, restore } from '../restore.ts';
import { restorePersonKeys } from '../restore-person-keys.ts';
import { type Cli, commandOf } from './cli.ts';
import { readText } from './local-files.ts';
import { when } from './output.ts';
import { readSecret } from './secrets.ts';

interface Options {
  readonly identity?: string;
  readonly passphraseFile?: string;
  readonly personKeys?: string;
  readonly losePersonKeys?: boolean;
  readonly ledger?: string;
  readonly crl?: string;
  readonly replace?: boolean;
  readonly verifyOnly?: boolean;
}

export function addRestoreCommand(program: Command, cli: Cli): void {
  commandOf(program, 'restore')
    .argument('<file>', 'file from "cordon backup"')
    .option('--identity <file>', 'age identity file that decrypts the backup')
    .option('--passphrase-file <file>', 'passphrase file, for a backup with a passphrase')
    .option('--person-keys <file>', 'second file of "cordon backup" with the keys of people (default: <file>.keys)')
    .option('--lose-person-keys', 'restore without the keys of people: the server deletes the records that need them')
    .option('--ledger <folder>', 'newer copy of the public ledger, from "cordon ledger copy"')
    .option('--crl <file>', 'newer certificate revocation list')
    .option('--replace', 'replace existing data: rename the data folder, and delete the tables in PostgreSQL')
    .option('--verify-only', 'check the file and secrets without restoring')
    .action(async (file: string, options: Options) => {
      const done = await restore(readConfig(), {
        file,
        secret: await secretOf(options),
        personKeys: options.personKeys ?? null,
        losePersonKeys: options.losePersonKeys === true,
        ledger: options.ledger ?? null,
        crl: options.crl ?? null,
        replace: options.replace === true,
        verifyOnly: options.verifyOnly === true,
      });
      cli.out().show(done, reportOf(done));
    });

  commandOf(program, 'restore-person-keys')
    .argument('<file>', 'backup of the keys of people, the second file of "cordon backup"')
    .option('--identity <file>', 'age identity file that decrypts the backup')
    .option('--passphrase-file <file>', 'passphrase file, for a backup with a passphrase')
    .action(async (file: string, options: Options) => {
      const done = await restorePersonKeys(readConfig(), file, await secretOf(options));
      cli
        .out()
        .show(done, [
          `${done.keys} keys restored from the backup of ${when(done.at)}. Start the server.`,
          ...(done.replaced ? ['The former file was overwritten and deleted.'] : []),
        ]);
    });

  commandOf(program, 'accept-rollback')
    .option('--ledger <folder>', 'newer copy of the public ledger, from "cordon ledger copy"')
    .option('--crl <file>', 'newer certificate revocation list')
    .action(async ({ ledger, crl }: Pick<Options, 'ledger' | 'crl'>) => {
      const done = await acceptRollback(readConfig(), { ledger: ledger ?? null, crl: crl ?? null });
      cli
        .out()
        .show(done, [
          `The database of ${done.manifest.installation} was behind its high-water mark: ${done.behind.join(', ')}.`,
          ...recoveryReport(done.state, done.manifest),
        ]);
    });

  async function secretOf({ identity, passphraseFile }: Options) {
    if (identity !== undefined && passphraseFile !== undefined) {
      throw new CordonError('invalid_input', 'Give --identity or --passphrase-file, not both.');
    }
    if (identity !== undefined) return { identity: readText(identity) };
    const passphrase = await readSecret(cli.terminal, {
      name: 'passphrase of the backup',
      file: passphraseFile,
      environment: null,
      mend: 'give --identity or --passphrase-file',
    });
    return { passphrase };
  }
}

const KEYS_OF_PEOPLE: Readonly<Record<Restored['personKeys'], string>> = {
  restored: 'The keys of people are restored from their backup.',
  kept: 'The existing key file of people belongs to this installation and stays.',
  lost: 'The keys of people are lost, and the next start deletes the connection log and enrollment details from before. To keep them, restore again with --person-keys.',
};

function reportOf({ manifest, state, formerData, personKeys }: Restored): string[] {
  const head = [
    `Backup of ${manifest.installation}, made by Cordon ${manifest.version} on ${when(manifest.realAt)}.`,
    `${manifest.parts.length} parts verified. The ledger in it has ${manifest.ledger.size} entries.`,
  ];
  if (!state) return [...head, 'The backup can be restored. Nothing was changed.'];
  return [
    ...head,
    ...(formerData === null ? [] : [`The former data are in ${formerData}.`]),
    KEYS_OF_PEOPLE[personKeys],
    ...recoveryReport(state, manifest),
  ];
}

/** Facts for the admin after a restore, or after the acceptance of a database that was set back. */
function recoveryReport(state: RecoveryState, manifest: Manifest): string[] {
  return [
    `Recovery point: ${when(state.at)}. Everything after it is lost, except what follows.`,
    ...numbersOf(state, manifest),
    ...ledgerOf(state),
    ...revocationsOf(state),
    ...withdrawnOf(state),
    ...missingOf(state),
    ...conversationsOf(state),
    'Start the server. It asks each device that connects for newer orders and approver sets, and takes those that are signed.',
    'Then run "cordon recovery show", and close the recovery when nothing is missing.',
  ];
}

const numbersOf = ({ to }: RecoveryState, { versions }: Manifest): string[] => [
  `Order list ${versions.list} → ${to.list}, revocation list ${versions.crl} → ${to.crl}.`,
];

function ledgerOf({ ledger, rejoined }: RecoveryState): string[] {
  if (ledger === 'rejoined')
    return [`The public ledger continues from the given copy. It recovered ${rejoined} entries.`];
  return [
    'The public ledger is suspended, because entries may have been published after the backup. A second history must not be signed.',
    'Restore again with --ledger and a newer copy to continue the ledger. Devices verify no new conversation partners until then.',
    'If no entry was published after the backup, an owner can resume the ledger: cordon recovery resume-ledger.',
  ];
}

function revocationsOf({ revocations, revoked }: RecoveryState): string[] {
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

function withdrawnOf({ withdrawn }: RecoveryState): string[] {
  const { sessions, tokens, invitations, codes, commands, proposals } = withdrawn;
  return [
    'Ended, because they may have been used or withdrawn after the backup:',
    `  ${sessions} sessions, ${tokens} API tokens, ${invitations} invitations, ${codes} activation codes, ${commands} queued commands, ${proposals} pending revisions.`,
    'Check accounts and roles: changes to them after the backup are lost.',
  ];
}

function missingOf({ missing, missingApprovers }: RecoveryState): string[] {
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

/**
 * Returns a warning about conversations that may have continued after the backup. The warning can only state a maximum number, because the
 * server cannot decrypt conversations.
 */
function conversationsOf({ conversations }: RecoveryState): string[] {
  if (conversations === null || conversations === 0) return [];
  const [noun, their] = conversations === 1 ? ['1 conversation', 'its'] : [`${conversations} conversations`, 'their'];
  return [
    `${noun} may have continued after the backup. Members still read and write there. Where the server is behind, ${their} devices continue in a successor when a member joins or leaves.`,
  ];
}
