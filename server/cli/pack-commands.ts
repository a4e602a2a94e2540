/** orders pack, and verify: what can be shown of an order, and the check of it, which needs no server. */
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { installationView } from '../../shared/api/installation.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { encodeCanonical, parseDocument } from '../../shared/order/canonical.ts';
import type { Comparison } from '../../shared/pack/compare-checkpoint.ts';
import type { Finding } from '../../shared/pack/findings.ts';
import { fingerprintOf } from '../../shared/pack/fingerprint.ts';
import { PACK_LIMITS } from '../../shared/pack/format.ts';
import { sizeIn } from '../../shared/pack/kept-checkpoint.ts';
import { publicRootSchema } from '../../shared/pack/public-root.ts';
import { type PackReport, type Pinned, verifyPack } from '../../shared/pack/verify-pack.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { saveDownload } from './download.ts';

const HEADINGS = {
  failed: 'DOES NOT HOLD',
  proven: 'Proven',
  unproven: 'Not proven, by this pack or by any',
} as const satisfies Record<Finding['verdict'], string>;

const COMPARISONS: Readonly<Record<Comparison, string>> = {
  consistent: 'Your checkpoint: CONSISTENT, of the same ledger.',
  not_provable: 'Your checkpoint: NOT PROVABLE by this pack, neither the same ledger nor another.',
  forked: 'Your checkpoint: FORKED, of another ledger under the same key.',
};

interface PackOptions {
  readonly out: string;
  readonly annexFor?: string;
  readonly name?: string;
  readonly checkpoint?: string;
}

export function addPackCommands(program: Command, orders: Command, cli: Cli): void {
  orders
    .command('pack')
    .description('put together all that can be shown of it, for anybody to check with "cordon verify"')
    .argument('<number>')
    .requiredOption('--out <file>', 'a new file')
    .option(
      '--annex-for <recipient>',
      'seal the names behind its handles to this age recipient (age1…), as a file beside it',
    )
    .option('--name <text>', 'whose recipient that is; the ledger commits to it')
    .option('--checkpoint <file>', 'prove in it that the ledger grew from this checkpoint, which somebody keeps')
    .action(async (number: string, { out, annexFor, name, checkpoint }: PackOptions) => {
      if ((annexFor === undefined) !== (name === undefined)) {
        throw new CordonError(
          'invalid_input',
          'Give both --annex-for and --name: whom the names are sealed to, and who that is.',
        );
      }
      const path = `/api/v1/orders/${encodeURIComponent(number)}/packs`;
      const since = checkpoint === undefined ? '' : `?since=${sizeIn(readBytes(checkpoint).toString('utf8'))}`;
      const response = await cli.client().raw('POST', `${path}${since}`);
      const pack = /-(pck_[a-z2-7]{16})\.zip"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? '';
      const bytes = await saveDownload(response, out, 'pack');
      const made = [`${out}: ${bytes} bytes`];
      const annex = annexFor === undefined ? null : `${out.replace(/\.zip$/, '')}-names.csv.age`;
      if (annex !== null) {
        const body = JSON.stringify({ recipient: { key: annexFor, name } });
        const headers = { 'content-type': 'application/json' };
        const sealed = await cli.client().raw('POST', `${path}/${pack}/names`, body, headers);
        made.push(
          `${annex}: ${await saveDownload(sealed, annex, 'annex')} bytes, which ${plain(name ?? '')} alone can open`,
        );
      }
      cli
        .out()
        .show({ file: out, bytes, pack, annex }, [
          ...made,
          'Whoever checks it (cordon verify) needs this installation’s public root from elsewhere than from here: cordon public-root.',
        ]);
    });
  program
    .command('public-root')
    .description(
      'what anybody must have from you, ahead and once, to check packs: a fingerprint, and the file that it is of',
    )
    .option('--out <file>', 'write the file')
    .action(async ({ out }: { out?: string }) => {
      const { publicRoot } = await cli.client().call(installationView, 'GET', '/installation');
      if (!publicRoot)
        throw new CordonError('approvers_required', 'Adopt a root of approvers first: it is part of it.');
      const { document } = publicRoot;
      // Computed here: what is handed out belongs together, whatever the server says.
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
  program
    .command('verify')
    .description('check an evidence pack with no server and no network')
    .argument('<pack>', 'the file')
    .requiredOption(
      '--root <root>',
      "the installation's public root as you have it from elsewhere: its file, or its fingerprint",
    )
    .option(
      '--checkpoint <file>',
      'a checkpoint that you have kept, such as /transparency shows it: the pack must be of the same ledger',
    )
    .action(async (file: string, { root, checkpoint }: { root: string; checkpoint?: string }) => {
      const kept = checkpoint === undefined ? undefined : readBytes(checkpoint).toString('utf8');
      const report = await verifyPack(readBytes(file, PACK_LIMITS.bytes), pinned(root), kept);
      cli.out().show(report, reportLines(report));
      if (!report.holds) {
        const failed = report.findings.filter(({ verdict }) => verdict === 'failed');
        throw new CordonError('pack_invalid', `${failed.length} things in ${file} do not hold.`);
      }
      // Asked for and not answered: a script must not take it for a yes.
      if (report.comparison === 'not_provable') {
        throw new CordonError('not_found', `${file} has no proof from the checkpoint in ${checkpoint}.`);
      }
    });
}

function writeNew(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { flag: 'wx' });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new CordonError('conflict', `Cannot write ${file}: ${why}.`, {}, error);
  }
}

/** The most bytes of a public root or of a saved page with a checkpoint. */
const MOST_SMALL_BYTES = 16 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** Throws `not_found`, and `too_large` for a file with more bytes than `most`. A pipe or a device ends at `most` as well. */
function readBytes(file: string, most = MOST_SMALL_BYTES): Buffer {
  try {
    const opened = openSync(file, 'r');
    try {
      return readUpTo(opened, most, file);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    if (isCordonError(error)) throw error;
    const why = error instanceof Error ? error.message : 'unknown';
    throw new CordonError('not_found', `Cannot read ${file}: ${why}.`, {}, error);
  }
}

function readUpTo(opened: number, most: number, file: string): Buffer {
  const stat = fstatSync(opened);
  const refuse = () =>
    new CordonError(
      'too_large',
      `Cannot read ${file}: it has more than ${most} bytes. Check that it is the right file.`,
    );
  if (stat.size > most) throw refuse();
  if (stat.isFile() && stat.size > 0) return readFileSync(opened);
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.alloc(CHUNK);
    const read = readSync(opened, chunk);
    if (read === 0) return Buffer.concat(chunks);
    total += read;
    if (total > most) throw refuse();
    chunks.push(chunk.subarray(0, read));
  }
}

function pinned(root: string): Pinned {
  return /^[0-9a-f]{64}$/.test(root) ? root : parseDocument(publicRootSchema, readBytes(root));
}

export function reportLines({ order, madeAt, findings, holds, comparison }: PackReport): string[] {
  const head =
    order === null ? 'A pack of no order that could be believed.' : `Order ${order}, put together at ${madeAt}.`;
  const blocks = (['failed', 'proven', 'unproven'] as const).flatMap((verdict) => {
    const found = findings.filter((finding) => finding.verdict === verdict);
    return found.length === 0 ? [] : ['', `${HEADINGS[verdict]}:`, ...found.map(({ words }) => `  - ${plain(words)}`)];
  });
  const end = holds ? 'The pack holds.' : 'The pack does NOT hold.';
  return [head, ...blocks, '', ...(comparison === null ? [] : [COMPARISONS[comparison]]), end];
}
