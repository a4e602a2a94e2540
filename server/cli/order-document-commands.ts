/**
 * `cordon orders document` and `decision`: download the documents and the decision record of an order, and check each against its digest in
 * the order.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { decisionView } from '../../shared/api/order-documents.ts';
import { CordonError } from '../../shared/errors.ts';
import { decisionCommitment } from '../../shared/order/decision-record.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { orderPath } from './order-path.ts';

export function addDocumentCommands(orders: Command, cli: Cli): void {
  orders
    .command('document')
    .description('Download a document of the order')
    .argument('<number>')
    .argument('<sha256>', 'SHA-256 of the document, from the order')
    .argument('<file>', 'new file')
    .action(async (number: string, sha256: string, file: string) => {
      const response = await cli
        .client()
        .raw('GET', `/api/v1${orderPath(number)}/documents/${encodeURIComponent(sha256)}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
        throw new CordonError(
          'document_malformed',
          'The server sent a document with another digest than in the order. Do not use it. Tell an owner.',
        );
      }
      writeFileSync(file, bytes, { flag: 'wx', mode: 0o600 });
      cli.out().show({ file, bytes: bytes.length }, [`${bytes.length} bytes in ${file}`]);
    });
  orders
    .command('decision')
    .description('Show the confidential decision record of a revision')
    .argument('<number>')
    .argument('<revision>', 'number', Number)
    .action(async (number: string, revision: number) => {
      const path = `${orderPath(number)}/revisions/${revision}/decision`;
      const { salt, commitment, ...record } = await cli.client().call(decisionView, 'GET', path);
      if (decisionCommitment(salt, record) !== commitment) {
        throw new CordonError(
          'document_malformed',
          'The server sent a record that does not match the commitment in the order. Do not use it. Tell an owner.',
        );
      }
      cli
        .out()
        .show({ ...record, salt, commitment }, [
          ...lines('considered', record.considered),
          ...lines('by', record.by),
          ...(record.reasons === undefined ? [] : lines('reasons', record.reasons)),
          `commitment  ${commitment}`,
          `salt        ${salt}`,
        ]);
    });
}

/** Prefix each line of the document, so that no line can look like output of the command itself. */
const lines = (label: string, text: string): string[] =>
  text.split('\n').map((line, at) => `${(at === 0 ? label : '').padEnd(12)}${plain(line)}`);
