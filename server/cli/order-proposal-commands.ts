/**
 * `cordon orders propose`, `revise`, `extend`, `pause`, `resume`, `withdraw` and `exit`: create proposals. A proposal has no effect before
 * approvers approve it.
 */
import type { Command } from 'commander';
import type { z } from 'zod';
import { fieldErrorContext, fieldErrorsOf } from '../../shared/api/field-errors.ts';
import { orderPreview } from '../../shared/api/order-preview.ts';
import { orderAction, orderProposal } from '../../shared/api/order-proposals.ts';
import { type RevisionView, revisionView } from '../../shared/api/orders.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Cli } from './cli.ts';
import { orderPath } from './order-path.ts';
import { addTermOptions, readTerms, type TermOptions } from './order-terms.ts';
import { revisionText } from './signing-text.ts';
import { uploadDocuments } from './upload-file.ts';

interface BasisOptions {
  readonly reason?: string;
  readonly document?: string[];
  readonly court?: string;
  readonly case?: string;
}

const addBasis = (command: Command): Command =>
  command
    .option('--reason <text>', 'reason. It is public if the order is public')
    .option(
      '--document <title=file...>',
      'document for the reason. It is stored encrypted, and the order names its hash',
    )
    .option('--court <name>', 'court that issued the decision')
    .option('--case <number>', 'case number at the court');

/** Options of an action that changes no terms of the order, such as a pause, in the format of the API. */
async function basisOf(cli: Cli, { reason, document, court, case: number }: BasisOptions): Promise<object> {
  if ((court === undefined) !== (number === undefined)) {
    throw new CordonError('invalid_input', 'Give --court and --case together.');
  }
  const basis = {
    ...(reason === undefined ? {} : { reason }),
    ...(court === undefined ? {} : { court: { name: court, case: number } }),
    ...(await uploadDocuments(cli, document)),
  };
  return Object.keys(basis).length === 0 ? {} : { basis };
}

/** Throws `invalid_input` with all faults of the draft. The schema finds only malformed fields; the server's preview finds other faults. */
async function requireShape(cli: Cli, schema: z.ZodType, body: object, draft: object): Promise<void> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return;
  const formal = fieldErrorsOf(parsed.error);
  const preview = await cli
    .client()
    .call(orderPreview, 'POST', '/orders/preview', draft)
    .catch(() => null);
  const found = (preview?.problems ?? []).map(({ field, detail }) => ({ path: field, words: detail }));
  const top = (path: string) => path.split('.')[0];
  const faults = [...found, ...formal.filter(({ path }) => !found.some((each) => top(each.path) === top(path)))];
  throw new CordonError('invalid_input', 'The order has invalid fields.', fieldErrorContext(faults), parsed.error);
}

export function addProposalCommands(orders: Command, cli: Cli): void {
  const proposed = (revision: RevisionView) => {
    const { lines, digest } = revisionText(revision.payload, revision);
    const next = `cordon orders approve ${revision.order} ${revision.revision} --key FILE --digest ${digest}`;
    const consent = `Another proposal of the order is pending. A second person must confirm the replacement: cordon orders confirm ${revision.order} ${revision.revision}`;
    const nothing = revision.state === 'requested' ? [consent] : [];
    cli.out().show(revision, [...lines, ...nothing, `Nothing has changed yet. Approvers: ${next}`]);
  };

  addTermOptions(orders.command('propose').description('Propose an order from options or a JSON file')).action(
    async (options: TermOptions) => {
      const body = { ...readTerms(options), ...(await uploadDocuments(cli, options.document)) };
      await requireShape(cli, orderProposal, body, body);
      proposed(await cli.client().call(revisionView, 'POST', '/orders', body));
    },
  );
  const proposeNext = async (number: string, body: object) =>
    proposed(await cli.client().call(revisionView, 'POST', `${orderPath(number)}/revisions`, body));
  addTermOptions(
    orders.command('revise').description('Propose a revision with other terms').argument('<number>'),
  ).action(async (number: string, options: TermOptions) => {
    const body = { action: 'revise', ...readTerms(options), ...(await uploadDocuments(cli, options.document)) };
    await requireShape(cli, orderAction, body, { ...body, order: number });
    await proposeNext(number, body);
  });
  addBasis(
    orders
      .command('extend')
      .description('Propose another effective time or end time')
      .argument('<number>')
      .option('--effective <time>', 'effective time: RFC 3339, or local time in --zone')
      .option('--until <time>', 'end time, in the same form')
      .option('--zone <zone>', 'IANA time zone, such as Asia/Karachi'),
  ).action(
    async (number: string, options: BasisOptions & Record<'effective' | 'until' | 'zone', string | undefined>) => {
      const { effective, until, zone } = options;
      await proposeNext(number, { action: 'extend', effective, until, zone, ...(await basisOf(cli, options)) });
    },
  );
  for (const [action, text] of [
    ['pause', 'Propose a pause. One approval pauses the order for 72 hours, or without an end with a court document'],
    ['resume', 'Propose to resume a paused order'],
    ['withdraw', 'Propose to end an order for good'],
  ] as const) {
    addBasis(orders.command(action).description(text).argument('<number>')).action(
      async (number: string, options: BasisOptions) =>
        proposeNext(number, { action, ...(await basisOf(cli, options)) }),
    );
  }
  orders
    .command('exit')
    .description('Propose to wipe work data on the affected devices, after the export window')
    .argument('<number>')
    .action((number: string) => proposeNext(number, { action: 'exit' }));
}
