/** `cordon ledger`: reads, copies and verifies the public ledger. Verification of a copy needs no server. */
import type { Command } from 'commander';
import { checkpointView, ledgerEntryList, witnessList } from '../../shared/api/ledger.ts';
import { copyInFolder, copyLedger, ledgerAt } from '../../shared/ledger/copy-ledger.ts';
import { type VerifiedCopy, verifyLedgerCopy } from '../../shared/ledger/verify-copy.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { readText } from './local-files.ts';
import { table, when } from './output.ts';
import { type WitnessOptions, withWitnessOptions, witnessPolicyIn } from './witness-options.ts';

interface CopyOptions extends WitnessOptions {
  readonly ca?: string;
  readonly key?: string;
}

export function addLedgerCommands(program: Command, cli: Cli): void {
  const ledger = commandOf(program, 'ledger');
  ledger
    .command('checkpoint')
    .description('Show the newest checkpoint and its verifier key')
    .action(async () => {
      const view = await cli.client().call(checkpointView, 'GET', '/ledger/checkpoint');
      cli.out().show(view, [plain(view.key), ...view.checkpoint.trimEnd().split('\n').map(plain)]);
    });
  ledger
    .command('entries')
    .description('List ledger entries')
    .option('--from <index>', 'index of the first entry', Number, 0)
    .option('--limit <count>', 'number of entries', Number, 100)
    .action(async ({ from, limit }: { from: number; limit: number }) => {
      const { entries } = await cli
        .client()
        .call(ledgerEntryList, 'GET', `/ledger/entries?from=${from}&limit=${limit}`);
      const rows = entries.map(({ index, entry }) => [index, when(entry.at), entry.kind, JSON.stringify(entry.public)]);
      cli.out().show(entries, table(['index', 'at', 'kind', 'particulars'], rows));
    });
  ledger
    .command('witnesses')
    .description('List the witnesses of the ledger and their last cosignatures')
    .action(async () => {
      const view = await cli.client().call(witnessList, 'GET', '/ledger/witnesses');
      const rows = view.witnesses.map(({ name, cosigned, failure, late, key }) => [
        plain(name),
        cosigned?.size ?? 0,
        cosigned ? when(cosigned.at) : 'never',
        view.policy?.keys.includes(key) ? 'yes' : 'no',
        failure === null ? (late ? 'late' : 'cosigns') : plain(failure),
      ]);
      cli
        .out()
        .show(view, [
          ...table(['witness', 'entries', 'cosigned at', 'in approver set', 'state'], rows),
          ...(view.policy
            ? [`Devices require cosignatures of ${view.policy.threshold} of ${view.policy.keys.length} witnesses.`]
            : ['Devices require no cosignatures.']),
          ...(view.obstacle === null ? [] : [`The ledger is suspended: ${plain(view.obstacle)}.`]),
        ]);
    });
  withWitnessOptions(ledger.command('copy'))
    .description('Download the ledger from a public listener and verify it')
    .argument('<url>', 'https://HOST:8444')
    .argument('<folder>')
    .option('--ca <file>', "PEM file with the server's root certificate")
    .option('--key <key>', 'verifier key from "cordon ledger checkpoint"')
    .action(async (url: string, folder: string, { ca, key, ...witnesses }: CopyOptions) => {
      const from = ledgerAt(url, ca === undefined ? undefined : readText(ca));
      report(await copyLedger(from, folder, key, await witnessPolicyIn(witnesses)), key);
    });
  withWitnessOptions(ledger.command('verify'))
    .description('Verify a copy offline: all entries, hashes and the signature')
    .argument('<folder>')
    .option('--key <key>', 'verifier key of the ledger; get it from a source other than the copy')
    .action(async (folder: string, { key, ...options }: WitnessOptions & { readonly key?: string }) => {
      const witnesses = await witnessPolicyIn(options);
      const verified = await verifyLedgerCopy(copyInFolder(folder), {
        ...(key !== undefined && { pinned: key }),
        witnesses,
      });
      report(verified, key);
    });

  function report({ checkpoint, entries, extends: extended }: VerifiedCopy, key: string | undefined): void {
    const { origin, size, root } = checkpoint;
    const value = {
      origin,
      size,
      root: root.toBase64(),
      extends: extended,
      entries: Object.fromEntries(entries),
      pinned: key !== undefined,
    };
    cli
      .out()
      .show(value, [
        `${origin}: ${size} entries, root hash ${value.root}`,
        ...table(['kind', 'entries'], [...entries]),
        extended === null
          ? 'No earlier copy to compare with.'
          : `The ledger extends the earlier copy of ${extended} entries.`,
        key === undefined
          ? "Verified with the key in the copy. To verify the ledger's owner, give --key with a key from another source."
          : 'Verified with the given key.',
      ]);
  }
}
