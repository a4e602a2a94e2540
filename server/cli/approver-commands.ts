import type { Command } from 'commander';
import { approverSetView, approversView } from '../../shared/api/approvers.ts';
import { CordonError } from '../../shared/errors.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { type Cli, commandOf } from './cli.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { readText } from './local-files.ts';
import { nameLines, peopleNames } from './people-names.ts';
import { approverSetText } from './signing-text.ts';

interface ProposeOptions {
  readonly threshold: number;
  /**
   * File names of the organization keys for the new approver set, from `--organization-key`. `false` after `--no-organization-key`: the new
   * set has no organization keys. Without either option, the new set keeps the current keys.
   */
  readonly organizationKey?: readonly string[] | boolean;
  /**
   * Verifier keys from `--witness`. `false` after `--no-witness`: devices need no cosignatures. Without either option, the new set keeps the
   * current witnesses.
   */
  readonly witness?: readonly string[] | boolean;
  readonly witnessThreshold?: number;
}

const publicKeyIn = (file: string): string => readText(file).trim();

function witnessesIn({ witness, witnessThreshold }: Pick<ProposeOptions, 'witness' | 'witnessThreshold'>) {
  if (witness === false) return { witnesses: null };
  if (witness === undefined || witness === true) {
    if (witnessThreshold === undefined) return {};
    throw new CordonError('invalid_input', 'Give --witness-threshold together with all witnesses (--witness).');
  }
  const threshold = witnessThreshold ?? Math.floor(witness.length / 2) + 1;
  return { witnesses: { threshold, keys: witness } };
}

export function addApproverCommands(program: Command, cli: Cli): void {
  const approvers = commandOf(program, 'approvers');
  approvers
    .command('show')
    .description('Show the current approver set and the pending one')
    .action(async () => {
      const approverSets = await cli.client().call(approversView, 'GET', '/approvers');
      const nameOf = await peopleNames(cli.client());
      const lines = (['current', 'pending'] as const).flatMap((state) => {
        const approverSet = approverSets[state];
        if (approverSet === null) return [`${state}: none`];
        const before = state === 'pending' ? (approverSets.current?.payload ?? null) : undefined;
        const { lines, document } = approverSetText(approverSet.payload, approverSet.version, before);
        const people = document.approvers.map(({ person }) => person);
        return [
          `${state}:`,
          ...lines,
          `  signed by ${approverSet.signatures.length} keys`,
          ...nameLines(people, nameOf),
        ];
      });
      const uncovered = approverSets.uncoveredOrders.map(
        (order) => `order ${order}: its approvers left the approver set, so new devices reject it. Approve it again`,
      );
      cli.out().show(approverSets, [...lines, ...uncovered]);
    });
  approvers
    .command('propose')
    .description('Propose the next approver set from registered keys')
    .argument('<keyid...>')
    .option('--threshold <people>', 'number of people who must approve an order', Number, 2)
    .option(
      '--organization-key <pubfile...>',
      'organization keys, which verify devices for conversations. Default: the current keys',
    )
    .option(
      '--no-organization-key',
      'create the approver set without an organization key. No device can then join conversations',
    )
    .option('--witness <key...>', 'verifier keys of the witnesses of the ledger. Default: the current witnesses')
    .option('--witness-threshold <count>', 'number of witnesses that must cosign. Default: more than half', Number)
    .option('--no-witness', 'create the approver set without witnesses. Devices then need no cosignatures')
    .action(async (keyids: string[], { threshold, organizationKey: files, ...options }: ProposeOptions) => {
      const organizationKeys =
        files === undefined || files === true
          ? {}
          : { organizationKeys: files === false ? [] : files.map(publicKeyIn) };
      const approverSet = await cli.client().call(approverSetView, 'POST', '/approvers', {
        keyids,
        threshold,
        ...organizationKeys,
        ...witnessesIn(options),
      });
      const { current } = await cli.client().call(approversView, 'GET', '/approvers');
      cli
        .out()
        .show(approverSet, [
          ...approverSetText(approverSet.payload, approverSet.version, current?.payload ?? null).lines,
          `Each approver: cordon approvers sign ${approverSet.version} --key FILE`,
        ]);
    });
  approvers
    .command('sign')
    .description('Sign a pending approver set')
    .argument('<version>', 'number', Number)
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign only if the text has this SHA-256 digest')
    .option('--yes', 'sign without confirmation')
    .action(async (version: number, options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const { current, pending } = await cli.client().call(approversView, 'GET', '/approvers');
      if (pending === null)
        throw new CordonError(
          'not_found',
          'No approver set waits for signatures. Propose one with cordon approvers propose.',
        );
      await confirm(cli, approverSetText(pending.payload, version, current?.payload ?? null), options);
      const signer = await openKey(cli, options);
      const body = { keyid: signer.keyid, signature: signApproverSetPayload(signer, pending.payload) };
      const approverSet = await cli.client().call(approverSetView, 'POST', `/approvers/${version}/signatures`, body);
      cli
        .out()
        .show(approverSet, [
          `approver set ${approverSet.version} is ${approverSet.state}, signed by ${approverSet.signatures.length} keys`,
        ]);
    });
}
