/** time-correction: approvers state that the server's time was wrong, so that devices turn their time back. Signed away from the server. */
import { renameSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { installationView } from '../../shared/api/installation.ts';
import { timeCorrectionList, timeCorrectionView } from '../../shared/api/time-corrections.ts';
import { CordonError } from '../../shared/errors.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, envelopeSchema, PAYLOAD_TYPES, type TimeCorrection } from '../../shared/order/documents.ts';
import { signEnvelope } from '../../shared/order/dsse.ts';
import { readTimeCorrection } from '../../shared/order/time-correction.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { confirm, type KeyOptions, openKey, writeNew } from './key-files.ts';
import { table, when } from './output.ts';
import { readText } from './secrets.ts';

interface CreateOptions {
  readonly from: string;
  readonly until: string;
  readonly reason: string;
}

export function addTimeCorrectionCommands(program: Command, cli: Cli): void {
  const correction = program
    .command('time-correction')
    .description("turn devices' time back after the server's clock was ahead; the threshold of approvers signs");
  correction
    .command('create')
    .description('create an unsigned correction in a file')
    .argument('<file>', 'a new file')
    .requiredOption('--from <time>', 'the first wrong time that the server showed (RFC 3339)')
    .requiredOption('--until <time>', 'the last wrong time that the server showed')
    .requiredOption('--reason <reason>', 'for approvers and the public ledger')
    .action(async (file: string, { from, until, reason }: CreateOptions) => {
      const { installation } = await cli.client().call(installationView, 'GET', '/installation');
      const { corrections } = await cli.client().call(timeCorrectionList, 'GET', '/time-corrections');
      const document: TimeCorrection = {
        installation,
        version: (corrections[0]?.version ?? 0) + 1,
        earliest: new Date().toISOString(),
        from: timestampOf(from, '--from'),
        until: timestampOf(until, '--until'),
        reason,
      };
      const envelope = signEnvelope(PAYLOAD_TYPES.timeCorrection, encodeCanonical(document), []);
      const described = describe(envelope);
      writeNew(file, `${JSON.stringify(envelope)}\n`, 0o600);
      cli.out().show(document, [...described.lines, `Each approver: cordon time-correction sign ${file} --key FILE`]);
    });
  correction
    .command('sign')
    .description("add an approver's signature to the file")
    .argument('<file>')
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'instead of typing it (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign if the text has this digest')
    .option('--yes', 'sign without asking')
    .action(async (file: string, options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const envelope = readEnvelope(file);
      await confirm(cli, describe(envelope), options);
      const signer = await openKey(cli, options);
      const payload = Buffer.from(envelope.payload, 'base64');
      const [mine] = signEnvelope(PAYLOAD_TYPES.timeCorrection, payload, [signer]).signatures;
      if (!mine) throw new Error('a signer made no signature');
      const others = envelope.signatures.filter(({ keyid }) => keyid !== signer.keyid);
      const signed: Envelope = { ...envelope, signatures: [...others, mine] };
      writeFileSync(`${file}.new`, `${JSON.stringify(signed)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
      const count = signed.signatures.length;
      cli
        .out()
        .show({ signatures: count }, [
          `${count} ${count === 1 ? 'signature' : 'signatures'} in ${file}`,
          `With enough signatures: cordon time-correction publish ${file}`,
        ]);
    });
  correction
    .command('publish')
    .description('send the signed correction to the server, which offers it to all devices')
    .argument('<file>')
    .action(async (file: string) => {
      const body = { envelope: readEnvelope(file) };
      const view = await cli.client().call(timeCorrectionView, 'POST', '/time-corrections', body);
      cli.out().show(view, [`time correction ${view.version} is published`]);
    });
  correction
    .command('list')
    .description('published corrections, newest first')
    .action(async () => {
      const { corrections } = await cli.client().call(timeCorrectionList, 'GET', '/time-corrections');
      const rows = corrections.map(({ version, envelope, publishedAt }) => {
        const { from, until, reason } = readTimeCorrection(envelope);
        return [String(version), when(publishedAt), from, until, plain(reason)];
      });
      cli.out().show(corrections, table(['version', 'published', 'wrong from', 'wrong until', 'reason'], rows));
    });
}

function describe(envelope: Envelope): { digest: string; lines: string[] } {
  const { installation, version, earliest, from, until, reason } = readTimeCorrection(envelope);
  const digest = sha256(Buffer.from(envelope.payload, 'base64'));
  const lines = [
    `Time correction ${version} of installation ${installation}`,
    `  The server showed a wrong time from ${from} until ${until}.`,
    `  Devices that took such a time go back, to no earlier than ${earliest}.`,
    `  Reason: ${reason}`,
    `SHA-256 ${digest}`,
  ].map(plain);
  return { digest, lines };
}

function readEnvelope(file: string): Envelope {
  let json: unknown;
  try {
    json = JSON.parse(readText(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const parsed = envelopeSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new CordonError('invalid_input', `${file} is no time correction. Name the file that "create" wrote.`);
}

function timestampOf(text: string, option: string): string {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new CordonError('invalid_input', `${option} is no time. Give one such as 2026-11-27T18:00:00Z.`);
}
