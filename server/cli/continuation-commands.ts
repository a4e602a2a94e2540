/**
 * `cordon recovery continue-ledger`: continues the public ledger after a loss of entries. Approvers must sign the continuation, each with a
 * key that the server does not have.
 */
import type { Command } from 'commander';
import { type ContinuationView, continuationList, continuationView } from '../../shared/api/recovery.ts';
import { CordonError } from '../../shared/errors.ts';
import { signContinuationPayload } from '../../shared/order/approver-key.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { readText } from './local-files.ts';
import { when } from './output.ts';
import { continuationText } from './signing-text.ts';

const PATH = '/recovery/ledger/continuations';

export function addContinuationCommands(recovery: Command, cli: Cli): void {
  const continuing = recovery
    .command('continue-ledger')
    .description('Continue the public ledger after entries were permanently lost. At least two approvers must sign.');
  const list = async () => (await cli.client().call(continuationList, 'GET', PATH)).continuations;
  continuing
    .command('propose')
    .description('Propose the continuation. Do this only if no newer copy of the ledger exists.')
    .requiredOption('--reason <text>', 'reason, shown to approvers and in the public ledger')
    .option('--checkpoint <file>', 'stored checkpoint that proves that the ledger lost entries')
    .action(async ({ reason, checkpoint }: { reason: string; checkpoint?: string }) => {
      const body = { reason, ...(checkpoint !== undefined && { checkpoint: readText(checkpoint) }) };
      const view = await cli.client().call(continuationView, 'POST', PATH, body);
      cli
        .out()
        .show(view, [
          ...continuationText(view.payload).lines,
          `${view.needed} approvers must sign. Each: cordon recovery continue-ledger approve --key FILE`,
        ]);
    });
  continuing
    .command('show')
    .description('Show the proposal, its signatures and adopted continuations')
    .action(async () => {
      const continuations = await list();
      cli
        .out()
        .show(
          continuations,
          continuations.length === 0 ? ['No continuation was proposed.'] : continuations.flatMap(linesOf),
        );
    });
  continuing
    .command('approve')
    .description('Sign the newest continuation')
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign only if the text has this SHA-256 digest')
    .option('--yes', 'sign without confirmation')
    .action(async (options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const [newest] = await list();
      if (!newest) throw new CordonError('not_found', 'No continuation waits for signatures. Propose one.');
      if (newest.outdated !== null) throw new CordonError('conflict', newest.outdated);
      const text = continuationText(newest.payload);
      await confirm(cli, text, options);
      const signer = await openKey(cli, options);
      const body = { keyid: signer.keyid, signature: signContinuationPayload(signer, newest.payload) };
      const view = await cli.client().call(continuationView, 'POST', `${PATH}/${text.digest}/signatures`, body);
      cli.out().show(view, [outcomeOf(view)]);
    });
}

function outcomeOf({ state, signed, needed }: ContinuationView): string {
  if (state === 'adopted') return 'The ledger continues under its new name. Devices report when they have accepted it.';
  return `${signed} of ${needed} needed approvers signed. The ledger stays suspended until the others sign.`;
}

function linesOf(view: ContinuationView): string[] {
  const { state, signed, needed, payload, proposedAt, proposedBy, adoptedAt, outdated } = view;
  return [
    ...continuationText(payload).lines,
    `  Proposed by ${plain(proposedBy)} on ${when(proposedAt)}.`,
    `  ${signed} of ${needed} needed approvers of the newest approver set signed.`,
    ...(adoptedAt === null ? [] : [`  Adopted on ${when(adoptedAt)}.`]),
    ...(state === 'adopted' && signed < needed
      ? [
          '  Devices that have not connected since then refuse it until enough approvers of the newest approver set sign it.',
        ]
      : []),
    ...(outdated === null ? [] : [`  ${outdated}`]),
  ];
}
