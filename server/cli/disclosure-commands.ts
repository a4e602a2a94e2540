/** `cordon disclosures`: requests of authorities, each about the records of one account (ADR 54). */
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import {
  type DisclosureDetail,
  disclosureDetail,
  disclosurePage,
  productionPreview,
  refusalView,
} from '../../shared/api/disclosures.ts';
import { DISCLOSURE_PAYLOAD_TYPES, INSTRUMENT_TYPES } from '../../shared/disclosure/documents.ts';
import { RECORD_TYPES } from '../../shared/disclosure/record-types.ts';
import { DECIDED_REASONS, RULE_REASONS } from '../../shared/disclosure/refusal-reasons.ts';
import { signDocument } from '../../shared/disclosure/signed-document.ts';
import { CordonError } from '../../shared/errors.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { disclosureText } from './disclosure-text.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { table, when } from './output.ts';
import { uploadDocuments } from './upload-file.ts';

interface DraftOptions {
  readonly person: string;
  readonly authority: string;
  readonly instrument: string;
  readonly reference: string;
  readonly issuer: string;
  readonly issued: string;
  readonly expires: string;
  readonly document: string;
  readonly from: string;
  readonly to: string;
  readonly record: string[];
  readonly deadline?: string;
  readonly notBefore?: string;
  readonly basis?: string;
}

const pathOf = (id: string, action = '') => `/disclosures/${encodeURIComponent(id)}${action}`;
const collect = (value: string, before: string[] = []): string[] => [...before, value];
const RECORDS = `record type: ${RECORD_TYPES.join(', ')}. Repeat the option for several types`;

export function addDisclosureCommands(program: Command, cli: Cli): void {
  const disclosures = commandOf(program, 'disclosures');
  addReading(disclosures, cli);
  addDrafting(disclosures, cli);
  addDeciding(disclosures, cli);
  addRefusing(disclosures, cli);
}

function addReading(disclosures: Command, cli: Cli): void {
  disclosures
    .command('list')
    .description('List requests, newest first. --cursor shows the next page')
    .addOption(new Option('--state <state>').choices(['drafted', 'approved', 'produced', 'refused']))
    .option('--limit <count>', 'number of requests on a page')
    .option('--cursor <cursor>', 'page to show, from the output of the page before')
    .action(async (options: Record<string, string>) => {
      const page = await cli.client().call(disclosurePage, 'GET', `/disclosures${queryOf(options)}`);
      const rows = page.disclosures.map((view) => [
        view.id,
        view.state,
        view.person?.name ?? '(hidden)',
        view.authority.name,
        view.instrument.reference,
        `${view.approved} of ${view.needed}`,
        view.notice.state,
        when(view.receivedAt),
      ]);
      const more = page.cursor === null ? [] : [`more: --cursor "${page.cursor}"`];
      const head = ['id', 'state', 'account', 'authority', 'reference', 'approvals', 'notice', 'received'];
      cli.out().show(page, [...table(head, rows), ...more]);
    });
  disclosures
    .command('show')
    .description('Show a request with its newest text')
    .argument('<request>')
    .action(async (id: string) => {
      const view = await cli.client().call(disclosureDetail, 'GET', pathOf(id));
      cli.out().show(view, linesOf(view));
    });
  disclosures
    .command('preview')
    .description('Show the lines that the request would produce to a possible approver. The ledger records this')
    .argument('<request>')
    .option('--offset <count>', 'number of lines to skip', Number)
    .option('--limit <count>', 'maximum number of lines', Number)
    .action(async (id: string, options: { offset?: number; limit?: number }) => {
      const view = await cli.client().call(productionPreview, 'POST', pathOf(id, '/preview'), options);
      const lines = view.lines.map(({ record, at, fields }) => `${record}  ${at}  ${plain(JSON.stringify(fields))}`);
      cli.out().show(view, [`Version ${view.version}: ${view.total} lines.`, ...lines]);
    });
  disclosures
    .command('download')
    .description('Download the sealed file, which only the authority can decrypt')
    .argument('<request>')
    .argument('<file>', 'new file')
    .action(async (id: string, file: string) => {
      const { production } = await cli.client().call(disclosureDetail, 'GET', pathOf(id));
      const response = await cli.client().raw('GET', `/api/v1${pathOf(id, '/production')}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      if (sha256(bytes) !== production?.sha256) {
        throw new CordonError(
          'document_malformed',
          'The file has another SHA-256 than the ledger entry. Do not send it.',
        );
      }
      writeFileSync(file, bytes, { flag: 'wx', mode: 0o600 });
      cli.out().show({ file, bytes: bytes.length }, [`${bytes.length} bytes in ${file}`]);
    });
}

function addDrafting(disclosures: Command, cli: Cli): void {
  disclosures
    .command('draft')
    .description('Draft a request about one account. A wider demand is refused and recorded')
    .requiredOption('--person <id>', 'id of the account’s person')
    .requiredOption('--authority <authority>', 'id of the verified authority')
    .addOption(new Option('--instrument <type>').choices(INSTRUMENT_TYPES).makeOptionMandatory())
    .requiredOption('--reference <text>', 'reference of the instrument')
    .requiredOption('--issuer <text>', 'court or body that issued the instrument')
    .requiredOption('--issued <time>', 'time of issue, such as 2026-11-29T00:00:00.000Z')
    .requiredOption('--expires <time>', 'end of validity')
    .requiredOption('--document <title=file>', 'document of the instrument. The server stores it encrypted')
    .requiredOption('--from <time>', 'start of the window, which has at most 90 days')
    .requiredOption('--to <time>', 'end of the window, in the past')
    .requiredOption('--record <type>', RECORDS, collect)
    .option('--deadline <time>', 'deadline of the authority')
    .option('--not-before <time>', 'time before which the law forbids the notice to the person')
    .option('--basis <text>', 'legal basis of --not-before')
    .action(async (options: DraftOptions) => {
      const { documents: [document] = [] } = await uploadDocuments(cli, [options.document], '/disclosures/documents');
      const { person, authority, instrument: type, reference, issuer, issued, expires, from, to, record } = options;
      const view = await cli.client().call(disclosureDetail, 'POST', '/disclosures', {
        person,
        authority,
        instrument: { type, reference, issuer, issuedAt: issued, expiresAt: expires, document },
        window: { from, to },
        records: record,
        deadline: options.deadline ?? null,
        notice: { notBefore: options.notBefore ?? null, basis: options.basis ?? null },
      });
      cli
        .out()
        .show(view, [
          ...linesOf(view),
          `Two other people of the role legal must approve the request: cordon disclosures approve ${view.id} --key FILE`,
        ]);
    });
  disclosures
    .command('narrow')
    .description('Replace the text with a narrower one. This voids its approvals')
    .argument('<request>')
    .requiredOption('--note <text>', 'reason, not part of the signed text')
    .option('--from <time>', 'new start of the window. Also give --to')
    .option('--to <time>', 'new end of the window. Also give --from')
    .option('--record <type>', RECORDS, collect)
    .action(async (id: string, options: { note: string; from?: string; to?: string; record?: string[] }) => {
      const { note, from, to, record: records } = options;
      const window = from === undefined && to === undefined ? undefined : { from, to };
      const view = await cli.client().call(disclosureDetail, 'POST', pathOf(id, '/narrow'), { note, window, records });
      cli.out().show(view, linesOf(view));
    });
}

function addDeciding(disclosures: Command, cli: Cli): void {
  disclosures
    .command('approve')
    .description('Sign the newest text of a request with your key')
    .argument('<request>')
    .requiredOption('--key <file>', 'your private key file')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign only if the text has this SHA-256 digest')
    .option('--yes', 'sign without confirmation')
    .action(async (id: string, options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const { versions } = await cli.client().call(disclosureDetail, 'GET', pathOf(id));
      const newest = versions.at(-1);
      if (!newest || newest.payload === null)
        throw new CordonError(
          'forbidden',
          'Your role cannot read the text of a request. Ask a person of the role legal.',
        );
      const text = disclosureText(newest.payload, { disclosure: id, version: newest.version });
      await confirm(cli, text, options);
      const key = await openKey(cli, options);
      const signature = signDocument(key, DISCLOSURE_PAYLOAD_TYPES.disclosure, newest.payload);
      const body = { digest: text.digest, keyid: key.keyid, signature };
      const view = await cli.client().call(disclosureDetail, 'POST', pathOf(id, '/approvals'), body);
      cli.out().show(view, linesOf(view));
    });
  disclosures
    .command('produce')
    .description('Seal the records of an approved request to its authority, once')
    .argument('<request>')
    .action(async (id: string) => {
      const view = await cli.client().call(disclosureDetail, 'POST', pathOf(id, '/produce'), {});
      cli.out().show(view, [...linesOf(view), `Download the sealed file: cordon disclosures download ${id} FILE`]);
    });
}

function addRefusing(disclosures: Command, cli: Cli): void {
  disclosures
    .command('refuse')
    .description('Refuse a request, or record a demand that no request can express')
    .argument('[request]', 'id of a drafted request. Without it, the command records a demand')
    .requiredOption(
      '--reason <reason>',
      `with a request: ${DECIDED_REASONS.join(', ')}; without: ${RULE_REASONS.join(', ')}`,
    )
    .option('--note <text>', 'internal note. Required for a request')
    .option('--authority <name>', 'name of the demanding authority, for a demand')
    .option('--reference <text>', 'reference of the demand')
    .option('--received <date>', 'day on which the demand arrived, such as 2026-11-29')
    .action(async (id: string | undefined, options: Record<string, string>) => {
      const { reason, note, authority, reference, received: receivedOn } = options;
      if (id !== undefined) {
        const view = await cli.client().call(disclosureDetail, 'POST', pathOf(id, '/refuse'), { reason, note });
        cli.out().show(view, linesOf(view));
        return;
      }
      const body = { reason, note: note ?? null, authority, reference, receivedOn };
      const view = await cli.client().call(refusalView, 'POST', '/disclosures/refusals', body);
      cli.out().show(view, [`${view.id}: ${view.title}`, `Answer: ${view.answer}`]);
    });
}

function linesOf(view: DisclosureDetail): string[] {
  const { id, state, approved, needed, obstacle, production, notice, refusal, versions } = view;
  const newest = versions.at(-1);
  const text = newest?.payload ? disclosureText(newest.payload, { disclosure: id, version: newest.version }).lines : [];
  return [
    ...text,
    `${id} is ${state}. ${approved} of ${needed} people have approved version ${view.version}.`,
    ...(state === 'drafted' && obstacle !== null ? [`You cannot approve it: ${plain(obstacle)}`] : []),
    ...(production === null
      ? []
      : [`Produced on ${when(production.at)}: ${production.lines} lines, SHA-256 ${production.sha256}.`]),
    ...(notice.state === 'none' ? [] : [`Notice to the person: ${notice.state}, due on ${when(notice.dueAt)}.`]),
    ...(refusal === null ? [] : [`Refused: ${refusal.title}. ${plain(refusal.note ?? '')}`]),
  ];
}
