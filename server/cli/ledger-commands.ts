/** ledger: see, copy and verify. Verifying reads a folder and nothing else. */
import type { Command } from 'commander';
import { checkpointView, leafList } from '../../shared/api/ledger.ts';
import { copyInFolder, copyLedger, ledgerAt } from '../../shared/ledger/copy-ledger.ts';
import { type VerifiedCopy, verifyLedgerCopy } from '../../shared/ledger/verify-copy.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { table, when } from './output.ts';
import { readText } from './secrets.ts';

export function addLedgerCommands(program: Command, cli: Cli): void {
  const ledger = program.command('ledger').description('the public log of what the operator can be held to');
  ledger
    .command('checkpoint')
    .description('the newest checkpoint and the key that verifies it')
    .action(async () => {
      const view = await cli.client().call(checkpointView, 'GET', '/ledger/checkpoint');
      cli.out().show(view, [plain(view.key), ...view.checkpoint.trimEnd().split('\n').map(plain)]);
    });
  ledger
    .command('leaves')
    .description('what was logged')
    .option('--from <index>', 'the first', Number, 0)
    .option('--limit <count>', 'how many', Number, 100)
    .action(async ({ from, limit }: { from: number; limit: number }) => {
      const { leaves } = await cli.client().call(leafList, 'GET', `/ledger/leaves?from=${from}&limit=${limit}`);
      const rows = leaves.map(({ index, leaf }) => [index, when(leaf.at), leaf.kind, JSON.stringify(leaf.public)]);
      cli.out().show(leaves, table(['index', 'at', 'kind', 'particulars'], rows));
    });
  ledger
    .command('copy')
    .description('download the ledger from a public listener into a folder, and verify it')
    .argument('<url>', 'https://HOST:8444')
    .argument('<folder>')
    .option('--ca <file>', "PEM of the server's root certificate")
    .option('--key <key>', 'the verifier key, as "cordon ledger checkpoint" prints it')
    .action(async (url: string, folder: string, { ca, key }: { ca?: string; key?: string }) => {
      const from = ledgerAt(url, ca === undefined ? undefined : readText(ca));
      report(await copyLedger(from, folder, key), key);
    });
  ledger
    .command('verify')
    .description('check a copy offline: every entry, every hash, the signature')
    .argument('<folder>')
    .option('--key <key>', 'the verifier key, got from elsewhere than the copy')
    .action(async (folder: string, { key }: { key?: string }) => {
      report(await verifyLedgerCopy(copyInFolder(folder), key === undefined ? {} : { pinned: key }), key);
    });

  function report({ checkpoint, leaves, extends: extended }: VerifiedCopy, key: string | undefined): void {
    const { origin, size, root } = checkpoint;
    const value = {
      origin,
      size,
      root: root.toBase64(),
      extends: extended,
      leaves: Object.fromEntries(leaves),
      pinned: key !== undefined,
    };
    cli
      .out()
      .show(value, [
        `${origin}: ${size} leaves, root ${value.root}`,
        ...table(['kind', 'leaves'], [...leaves]),
        extended === null ? 'No earlier copy to compare with.' : `It extends the earlier copy of ${extended} leaves.`,
        key === undefined
          ? "Checked with the copy's own key: it agrees with itself. Give --key to know whose it is."
          : 'Checked with the key that was given.',
      ]);
  }
}
