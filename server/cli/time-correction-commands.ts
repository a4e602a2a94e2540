/**
 * `cordon time-correction`: sets device clocks back after the server's time was wrong. Approvers sign with their own keys: either a file on
 * their own machines, or the proposal on the server.
 */
import { renameSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { installationView } from '../../shared/api/installation.ts';
import {
  signedTimeCorrection,
  timeCorrectionList,
  timeCorrectionProposal,
  timeCorrectionView,
} from '../../shared/api/time-corrections.ts';
import { CordonError } from '../../shared/errors.ts';
import { signTimeCorrectionPayload } from '../../shared/order/approver-key.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { type Envelope, envelopeSchema, PAYLOAD_TYPES, type TimeCorrection } from '../../shared/order/documents.ts';
import { signEnvelope } from '../../shared/order/dsse.ts';
import { readTimeCorrection } from '../../shared/order/time-correction.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { readText, writeNew } from './local-files.ts';
import { table, when } from './output.ts';
import { timeCorrectionText } from './signing-text.ts';

const PROPOSALS = '/time-corrections/proposals';

interface CreateOptions {
  readonly from: string;
  readonly until: string;
  readonly reason: string;
}

export function addTimeCorrectionCommands(program: Command, cli: Cli): void {
  const correction = commandOf(program, 'time-correction');
  correction
    .command('create')
    .description('Create an unsigned time correction in a file')
    .argument('<file>', 'new file')
    .requiredOption('--from <time>', 'first wrong time of the server (RFC 3339)')
    .requiredOption('--until <time>', 'last wrong time of the server')
    .requiredOption('--reason <reason>', 'reason, shown to approvers and in the public ledger')
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
      const { lines } = described(envelope);
      writeNew(file, `${JSON.stringify(envelope)}\n`, 0o600);
      cli.out().show(document, [...lines, `Each approver: cordon time-correction sign ${file} --key FILE`]);
    });
  correction
    .command('sign')
    .description("Add an approver's signature to the file")
    .argument('<file>')
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign only if the text has this SHA-256 digest')
    .option('--yes', 'sign without confirmation')
    .action(async (file: string, options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const envelope = readEnvelope(file);
      await confirm(cli, described(envelope), options);
      const signer = await openKey(cli, options);
      const payload = Buffer.from(envelope.payload, 'base64');
      const [signature] = signEnvelope(PAYLOAD_TYPES.timeCorrection, payload, [signer]).signatures;
      if (!signature) throw new Error('the key produced no signature');
      const otherSignatures = envelope.signatures.filter(({ keyid }) => keyid !== signer.keyid);
      const signed: Envelope = { ...envelope, signatures: [...otherSignatures, signature] };
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
    .description('Publish the signed correction. The server sends it to all devices')
    .argument('<file>')
    .action(async (file: string) => {
      const body = { envelope: readEnvelope(file) };
      const view = await cli.client().call(timeCorrectionView, 'POST', '/time-corrections', body);
      cli.out().show(view, [`time correction ${view.version} is published`]);
    });
  correction
    .command('propose')
    .description('Propose a correction on the server. Approvers sign it in the console or with "approve"')
    .requiredOption('--from <time>', 'first wrong time of the server (RFC 3339)')
    .requiredOption('--until <time>', 'last wrong time of the server')
    .requiredOption('--reason <reason>', 'reason, shown to approvers')
    .action(async ({ from, until, reason }: CreateOptions) => {
      const body = { from: timestampOf(from, '--from'), until: timestampOf(until, '--until'), reason };
      const view = await cli.client().call(timeCorrectionProposal, 'POST', PROPOSALS, body);
      cli
        .out()
        .show(view, [
          ...timeCorrectionText(view.payload).lines,
          `${view.needed} approvers must sign: in the console under Settings, or with cordon time-correction approve --key FILE`,
        ]);
    });
  correction
    .command('approve')
    .description('Sign the pending correction. With enough signatures, the server sends it to all devices')
    .requiredOption('--key <file>')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign only if the text has this SHA-256 digest')
    .option('--yes', 'sign without confirmation')
    .action(async (options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const { pending } = await cli.client().call(timeCorrectionList, 'GET', '/time-corrections');
      if (!pending) throw new CordonError('not_found', 'No time correction waits for signatures. Propose one.');
      const text = timeCorrectionText(pending.payload);
      await confirm(cli, text, options);
      const signer = await openKey(cli, options);
      const body = { keyid: signer.keyid, signature: signTimeCorrectionPayload(signer, pending.payload) };
      const path = `${PROPOSALS}/${text.digest}/signatures`;
      const signed = await cli.client().call(signedTimeCorrection, 'POST', path, body);
      const { proposal, published } = signed;
      cli
        .out()
        .show(signed, [
          published
            ? 'The time correction is published. The server sends it to all devices.'
            : `${proposal.signed} of ${proposal.needed} needed approvers signed.`,
        ]);
    });
  correction
    .command('list')
    .description('List published corrections, newest first')
    .action(async () => {
      const { corrections } = await cli.client().call(timeCorrectionList, 'GET', '/time-corrections');
      const rows = corrections.map(({ version, envelope, publishedAt }) => {
        const { from, until, reason } = readTimeCorrection(envelope);
        return [String(version), when(publishedAt), from, until, plain(reason)];
      });
      cli.out().show(corrections, table(['version', 'published', 'wrong from', 'wrong until', 'reason'], rows));
    });
}

const described = (envelope: Envelope) => timeCorrectionText(Buffer.from(envelope.payload, 'base64').toString());

function readEnvelope(file: string): Envelope {
  let json: unknown;
  try {
    json = JSON.parse(readText(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const parsed = envelopeSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new CordonError(
    'invalid_input',
    `${file} is not a time correction. Give the file from "cordon time-correction create".`,
  );
}

function timestampOf(text: string, option: string): string {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new CordonError('invalid_input', `${option} is not a time. Give a time such as 2026-11-27T18:00:00Z.`);
}
