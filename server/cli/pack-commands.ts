/** `cordon orders pack` creates an evidence pack. `cordon verify` verifies an evidence pack without a server. */
import type { Command } from 'commander';
import { installationView } from '../../shared/api/installation.ts';
import { CordonError } from '../../shared/errors.ts';
import { encodeCanonical, parseDocument } from '../../shared/order/canonical.ts';
import type { Comparison } from '../../shared/pack/compare-checkpoint.ts';
import type { Finding } from '../../shared/pack/findings.ts';
import { fingerprintOf } from '../../shared/pack/fingerprint.ts';
import { PACK_LIMITS } from '../../shared/pack/format.ts';
import { publicRootSchema } from '../../shared/pack/public-root.ts';
import { treeSizeOf } from '../../shared/pack/saved-checkpoint.ts';
import type { PackReport, Pinned } from '../../shared/pack/verify-pack.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { saveDownload } from './download.ts';
import { readBytes, writeNew } from './local-files.ts';
import { orderPath } from './order-path.ts';
import { type WitnessOptions, withWitnessOptions, witnessPolicyIn } from './witness-options.ts';

const HEADINGS = {
  failed: 'FAILED',
  proven: 'Proven',
  unproven: 'Not proven by this or any other pack',
} as const satisfies Record<Finding['verdict'], string>;

const COMPARISONS: Readonly<Record<Comparison, string>> = {
  consistent: 'Your checkpoint: CONSISTENT. The pack belongs to the same ledger.',
  not_provable: 'Your checkpoint: NOT PROVABLE. The pack proves neither the same ledger nor another one.',
  forked: 'Your checkpoint: FORKED. The pack belongs to another ledger with the same key.',
  entries_lost:
    'Your checkpoint: ENTRIES LOST. It has entries that the ledger lost. Approvers continued the ledger without them.',
  older_pack: 'Your checkpoint: NEWER NAME. The ledger has continued under another name since this pack was created.',
};

interface PackOptions {
  readonly out: string;
  readonly annexFor?: string;
  readonly name?: string;
  readonly checkpoint?: string;
}

interface VerifyOptions extends WitnessOptions {
  readonly root: string;
  readonly checkpoint?: string;
}

export function addOrderPackCommand(orders: Command, cli: Cli): void {
  orders
    .command('pack')
    .description('Create an evidence pack, which anyone can check with "cordon verify"')
    .argument('<number>')
    .requiredOption('--out <file>', 'new file')
    .option(
      '--annex-for <recipient>',
      'also write a file with the names of people, encrypted for this age recipient (age1…)',
    )
    .option('--name <text>', 'name of the person or authority that receives the file. The ledger records it')
    .option('--checkpoint <file>', 'prove that the ledger extends this stored checkpoint')
    .action(async (number: string, { out, annexFor, name, checkpoint }: PackOptions) => {
      if ((annexFor === undefined) !== (name === undefined)) {
        throw new CordonError(
          'invalid_input',
          "Give --annex-for and --name together: the recipient's key and the recipient's name.",
        );
      }
      const path = `/api/v1${orderPath(number)}/packs`;
      const since =
        checkpoint === undefined
          ? ''
          : `?since=${treeSizeOf(readBytes(checkpoint, MOST_SMALL_BYTES).toString('utf8'))}`;
      const response = await cli.client().raw('POST', `${path}${since}`);
      const pack = /-(pck_[a-z2-7]{16})\.zip"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? '';
      const bytes = await saveDownload(response, out, 'pack');
      const lines = [`${out}: ${bytes} bytes`];
      const annex = annexFor === undefined ? null : `${out.replace(/\.zip$/, '')}-names.csv.age`;
      if (annex !== null) {
        const body = JSON.stringify({ recipient: { key: annexFor, name } });
        const headers = { 'content-type': 'application/json' };
        const sealed = await cli.client().raw('POST', `${path}/${pack}/names`, body, headers);
        lines.push(
          `${annex}: ${await saveDownload(sealed, annex, 'annex')} bytes, encrypted for ${plain(name ?? '')} only`,
        );
      }
      cli
        .out()
        .show({ file: out, bytes, pack, annex }, [
          ...lines,
          'The auditor verifies the pack with "cordon verify" and the public root of this installation. Send the public root separately: cordon public-root.',
        ]);
    });
}

export function addPackCommands(program: Command, cli: Cli): void {
  commandOf(program, 'public-root')
    .option('--out <file>', 'write the public key to this file')
    .action(async ({ out }: { out?: string }) => {
      const { publicRoot } = await cli.client().call(installationView, 'GET', '/installation');
      if (!publicRoot)
        throw new CordonError(
          'approvers_required',
          'The public key of the installation needs an approver set. Adopt one first.',
        );
      const { document } = publicRoot;
      // This machine computes the fingerprint from the public key file for auditors, so that a dishonest server cannot state a wrong
      // fingerprint.
      const fingerprint = fingerprintOf(document);
      if (out !== undefined) writeNew(out, encodeCanonical(document));
      cli
        .out()
        .show({ fingerprint, document }, [
          `fingerprint   ${fingerprint}`,
          `installation  ${plain(document.installation)}`,
          `certificates  ${document.authority}`,
          `approvers     ${document.approvers}`,
          `ledger        ${plain(document.ledger)}`,
        ]);
    });
  withWitnessOptions(commandOf(program, 'verify'))
    .argument('<pack>', 'pack file')
    .requiredOption('--root <root>', 'public key of the installation from a trusted source: its file or fingerprint')
    .option('--checkpoint <file>', 'stored checkpoint. The pack must belong to the same ledger')
    .action(async (file: string, { root, checkpoint, ...witnesses }: VerifyOptions) => {
      const storedCheckpoint =
        checkpoint === undefined ? undefined : readBytes(checkpoint, MOST_SMALL_BYTES).toString('utf8');
      // Import the large verification code only in this command, because no other command needs it.
      const { verifyPack } = await import('../../shared/pack/verify-pack.ts');
      const policy = await witnessPolicyIn(witnesses);
      const pack = readBytes(file, PACK_LIMITS.bytes);
      const report = await verifyPack(pack, pinned(root), storedCheckpoint, PACK_LIMITS, policy);
      cli.out().show(report, reportLines(report));
      if (!report.valid) {
        const failed = report.findings.filter(({ verdict }) => verdict === 'failed');
        throw new CordonError('pack_invalid', `${failed.length} checks of ${file} failed.`);
      }
      // The given checkpoint proved nothing about the pack, so the command must not exit with 0.
      if (report.comparison !== null && report.comparison !== 'consistent') {
        throw new CordonError('not_found', `${file} has no proof from the checkpoint in ${checkpoint}.`);
      }
    });
}

/** Maximum size in bytes of a public key file for auditors, and of a saved web page with a checkpoint. */
const MOST_SMALL_BYTES = 16 * 1024 * 1024;

function pinned(root: string): Pinned {
  return /^[0-9a-f]{64}$/.test(root) ? root : parseDocument(publicRootSchema, readBytes(root, MOST_SMALL_BYTES));
}

export function reportLines({ order, madeAt, findings, valid, comparison }: PackReport): string[] {
  const head = order === null ? 'The pack contains no valid order.' : `Order ${order}, pack created at ${madeAt}.`;
  const blocks = (['failed', 'proven', 'unproven'] as const).flatMap((verdict) => {
    const found = findings.filter((finding) => finding.verdict === verdict);
    return found.length === 0 ? [] : ['', `${HEADINGS[verdict]}:`, ...found.map(({ words }) => `  - ${plain(words)}`)];
  });
  const end = valid ? 'The pack is valid.' : 'The pack is INVALID.';
  return [head, ...blocks, '', ...(comparison === null ? [] : [COMPARISONS[comparison]]), end];
}
