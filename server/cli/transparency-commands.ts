import type { Command } from 'commander';
import {
  statementList,
  statementView,
  type TransparencyReport,
  transparencyReport,
} from '../../shared/api/transparency.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from '../../shared/disclosure/documents.ts';
import { signDocument } from '../../shared/disclosure/signed-document.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { statementText } from './disclosure-text.ts';
import { confirm, type KeyOptions, openKey } from './key-files.ts';
import { when } from './output.ts';

const STATEMENTS = '/transparency/statements';

export function addTransparencyCommands(program: Command, cli: Cli): void {
  const transparency = commandOf(program, 'transparency');
  transparency
    .command('show')
    .description('Show the transparency report. Default: the last 12 months that have ended')
    .option('--from <date>', 'first month of the period (UTC), such as 2026-01')
    .option('--to <date>', 'last month of the period. It must have ended')
    .action(async (options: Record<string, string>) => {
      const path = `/transparency/report${queryOf(options)}`;
      const report = await cli.client().call(transparencyReport, 'GET', path);
      cli.out().show(report, linesOf(report));
    });
  transparency
    .command('renew')
    .description('Sign the pending transparency statement, or propose and sign a new one. Sign only if it is true')
    .requiredOption('--key <file>', 'your private key file')
    .option('--passphrase-file <file>', 'read the passphrase from this file (or CORDON_KEY_PASSPHRASE)')
    .option('--digest <sha256>', 'sign only if the text has this SHA-256 digest')
    .option('--yes', 'sign without confirmation')
    .action(async (options: KeyOptions & { digest?: string; yes?: boolean }) => {
      const { statements } = await cli.client().call(statementList, 'GET', STATEMENTS);
      const pending = statements.find(({ state }) => state === 'pending');
      const statement = pending ?? (await cli.client().call(statementView, 'POST', STATEMENTS, {}));
      const text = statementText(statement.payload);
      await confirm(cli, text, options);
      const key = await openKey(cli, options);
      const signature = signDocument(key, DISCLOSURE_PAYLOAD_TYPES.statement, statement.payload);
      const body = { keyid: key.keyid, signature };
      const view = await cli.client().call(statementView, 'POST', `${STATEMENTS}/${text.digest}/signatures`, body);
      const outcome =
        view.state === 'adopted'
          ? `The statement is public until ${view.expires}.`
          : `${view.signed} of ${view.needed} people have signed. Another person runs: cordon transparency renew`;
      cli.out().show(view, [outcome]);
    });
}

function linesOf({ organization, from, to, disclosures, orders, statement }: TransparencyReport): string[] {
  const { received, answered, refused, refusedByReason, months } = disclosures;
  return [
    `${plain(organization)}, ${from} to ${to}`,
    `Demands received: ${received}. Requests answered: ${answered}. Demands refused: ${refused}.`,
    ...months
      .filter((month) => month.received + month.answered > 0)
      .map(
        (month) =>
          `  ${month.month}: ${month.received} received, ${month.answered} answered about ${month.accounts} accounts, ${month.refused} refused`,
      ),
    ...refusedByReason.map(({ title, count }) => `  ${count}  ${title}`),
    `Orders in effect: ${orders.count}, of which ${orders.withheld} are withheld from the public.`,
    ...orders.suspended.map(
      ({ area, services, days }) => `  ${area}: ${services.join(', ')} suspended on ${days} days`,
    ),
    statementLine(statement),
  ];
}

function statementLine(statement: TransparencyReport['statement']): string {
  switch (statement.state) {
    case 'valid':
      return `The statement is valid until ${statement.statement.expires}: ${plain(statement.statement.text)}`;
    case 'expired':
      return `The signed statement expired on ${when(statement.since)}, and nobody has renewed it.`;
    case 'none':
      return 'Nobody has signed a statement yet.';
  }
}
