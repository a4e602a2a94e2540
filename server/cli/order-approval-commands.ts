/** `cordon orders approve`, `retract`, `decline` and `confirm`: decide about pending proposals. */
import type { Command } from 'commander';
import { approvalResult } from '../../shared/api/order-approvals.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { CordonError } from '../../shared/errors.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { IMMEDIATE_WORDS } from '../../shared/order/immediate-effect.ts';
import type { Cli } from './cli.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { orderPath, revisionPath } from './order-path.ts';
import { revisionText } from './signing-text.ts';

interface ApproveOptions extends KeyOptions {
  readonly digest?: string;
  readonly yes?: boolean;
  readonly immediate?: boolean;
}

export function addApprovalCommands(orders: Command, cli: Cli): void {
  orders
    .command('approve')
    .description('Show a revision and sign its exact text')
    .argument('<number>')
    .argument('<revision>', 'number', Number)
    .requiredOption('--key <file>', 'key file of the approver')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign only if the text has this SHA-256 digest')
    .option('--yes', 'sign without confirmation')
    .option('--immediate', 'confirm that a revision with a past effective time takes effect immediately')
    .action(async (number: string, revision: number, options: ApproveOptions) => {
      const path = revisionPath(number, revision);
      const { payload, passed } = await cli.client().call(revisionView, 'GET', path);
      const { immediate = false } = options;
      if (passed !== null && !immediate) {
        const detail = `Revision ${revision} of order ${number} ${IMMEDIATE_WORDS[passed]}. To confirm this in what you sign, add --immediate. Otherwise, propose it again with another time.`;
        throw new CordonError('immediate_effect_unconfirmed', detail);
      }
      const text = revisionText(payload, { order: number, revision }, immediate ? (passed ?? 'effective') : null);
      await confirm(cli, text, options);
      const key = await openKey(cli, options);
      const body = approvalOf(key, payload, { immediate });
      const result = await cli.client().call(approvalResult, 'POST', `${path}/approvals`, body);
      cli.out().show(result, [result.detail]);
    });
  const decide = async (number: string, revision: number, verb: string, result: string, body?: object) => {
    const path = `${orderPath(number)}/revisions/${revision}/${verb}`;
    const view = await cli.client().call(revisionView, 'POST', path, body);
    cli.out().show(view, [`Revision ${revision} of order ${number} ${result}.`]);
  };
  orders
    .command('retract')
    .description('Retract your own pending proposal')
    .argument('<number>')
    .argument('<revision>', 'number', Number)
    .action((number: string, revision: number) => decide(number, revision, 'retraction', 'is retracted'));
  orders
    .command('decline')
    .description('Decline a pending proposal as an approver')
    .argument('<number>')
    .argument('<revision>', 'number', Number)
    .requiredOption('--reason <text>', 'reason, shown with the order')
    .action((number: string, revision: number, { reason }: { reason: string }) =>
      decide(number, revision, 'decline', 'is declined', { reason }),
    );
  orders
    .command('confirm')
    .description('Confirm as a second person that a new proposal replaces the pending one and voids its approvals')
    .argument('<number>')
    .argument('<revision>', 'number', Number)
    .action((number: string, revision: number) =>
      decide(number, revision, 'replacement', 'waits for approvals and replaces the proposal before it'),
    );
}
