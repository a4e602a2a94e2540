/**
 * `cordon orders answer`, `cordon orders appeal` and `cordon orders appeal-decision`: record an answer to the authority, an appeal to a
 * court, and the decision of the appeal.
 */
import type { Command } from 'commander';
import { type ProceedingsView, proceedingsView } from '../../shared/api/orders.ts';
import { CordonError } from '../../shared/errors.ts';
import { APPEAL_OUTCOMES, type Proceeding, proceedingWords } from '../../shared/order/proceedings.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { orderPath } from './order-path.ts';
import { uploadDocuments } from './upload-file.ts';

interface StepOptions {
  readonly on: string;
  readonly document?: string[];
  readonly note?: string;
  readonly corrects?: number;
}

const addStep = (command: Command): Command =>
  command
    .requiredOption('--on <date>', 'date of the event, such as 2015-11-26')
    .option('--document <title=file>', 'document. It is stored encrypted, and the record names its hash', collect)
    .option('--note <text>', 'note, shown in evidence packs')
    .option('--corrects <record>', 'number of the record to correct. The corrected record stays', Number);

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function addProceedingCommands(orders: Command, cli: Cli): void {
  const record = async (number: string, { on, note, corrects, document }: StepOptions, more: object) => {
    const { documents = [] } = await uploadDocuments(cli, document);
    const [uploaded, second] = documents;
    if (second) throw new CordonError('invalid_input', 'Give one --document. Put several files into one PDF.');
    const common = { on, ...(note !== undefined && { note }), ...(corrects !== undefined && { corrects }) };
    const body = { ...common, ...(uploaded && { document: uploaded }), ...more };
    const path = `${orderPath(number)}/proceedings`;
    const view = await cli.client().call(proceedingsView, 'POST', path, body);
    cli.out().show(view, ['Recorded. The ledger commits to it.', ...proceedingLines(view)]);
  };
  addStep(
    orders
      .command('answer')
      .description('Record an answer to the authority of an order')
      .argument('<number>')
      .requiredOption('--by <name>', 'person who answered for the organization'),
  ).action((number: string, options: StepOptions & { readonly by: string }) => {
    if (!options.document) {
      throw new CordonError('invalid_input', 'Give the answer that was sent: --document "Reply=reply.pdf".');
    }
    return record(number, options, { kind: 'answer', by: options.by });
  });
  addStep(
    orders
      .command('appeal')
      .description('Record an appeal to a court or another body')
      .argument('<number>')
      .requiredOption('--court <name>', 'court or body')
      .requiredOption('--case <number>', 'case number'),
  ).action((number: string, options: StepOptions & { readonly court: string; readonly case: string }) =>
    record(number, options, { kind: 'appeal-filed', court: { name: options.court, case: options.case } }),
  );
  addStep(
    orders
      .command('appeal-decision')
      .description('Record the decision of an appeal')
      .argument('<number>')
      .requiredOption('--appeal <record>', 'number of the record of the appeal', Number)
      .requiredOption('--outcome <outcome>', APPEAL_OUTCOMES.join(', ')),
  ).action((number: string, options: StepOptions & { readonly appeal: number; readonly outcome: string }) =>
    record(number, options, { kind: 'appeal-decided', appeal: options.appeal, outcome: options.outcome }),
  );
}

export function proceedingLines({ records }: ProceedingsView): string[] {
  const replaced = new Map(
    records.flatMap(({ number, proceeding: { corrects } }) => (corrects ? [[corrects, number]] : [])),
  );
  return records.flatMap(({ number, proceeding }) => {
    const by = replaced.get(number);
    return [
      `record ${number}  ${plain(proceedingWords(proceeding))}${by === undefined ? '' : ` (replaced by record ${by})`}`,
      ...documentLines(proceeding),
    ];
  });
}

function documentLines({ document, note }: Proceeding): string[] {
  return [
    ...(document ? [`          ${plain(document.title)}, SHA-256 ${document.sha256}`] : []),
    ...(note === undefined ? [] : [`          ${plain(note)}`]),
  ];
}
