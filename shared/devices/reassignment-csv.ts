/** CSV files of reassignments: the list that an admin gives, and the activation links that the server returns. */
import type { ReassignmentResult } from '../api/reassignment.ts';
import { csvLine } from '../csv.ts';
import { CordonError } from '../errors.ts';

export interface Pair {
  readonly device: string;
  readonly person: string;
}

/**
 * Reads lines such as `PF-1234;amina@example.org`. The separator is a semicolon, a tab or a comma. A first line with the word "device" is
 * a heading. Throws `invalid_input` with the number of a line that has no two cells.
 */
export function parsePairs(text: string): readonly Pair[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({ cells: cellsOf(line), number: index + 1 }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const [first] = lines;
  const rows = first?.cells[0]?.toLowerCase() === 'device' ? lines.slice(1) : lines;
  return rows.map(({ cells, number }) => {
    const [device = '', person = '', ...rest] = cells;
    if (device !== '' && person !== '' && rest.every((cell) => cell === '')) return { device, person };
    const detail = `Line ${number} does not have a device and a person. Write both, with a semicolon between them, such as PF-1234;amina@example.org.`;
    throw new CordonError('invalid_input', detail, { line: number });
  });
}

function cellsOf(line: string): string[] {
  const separator = [';', '\t', ','].find((one) => line.includes(one)) ?? ';';
  return line.split(separator).map((cell) =>
    cell
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .replaceAll('""', '"')
      .trim(),
  );
}

const MAILED_WORDS = { sent: 'sent', failed: 'failed', 'no-address': 'no address', 'not-requested': '' } as const;

export function linksCsv({ codes }: ReassignmentResult): string {
  return [
    csvLine(['device', 'hostname', 'person', 'name', 'link', 'expires', 'mail']),
    ...codes.map(({ device, hostname, owner, link, expiresAt, mailed }) =>
      csvLine([device, hostname, owner.id, owner.name, link, new Date(expiresAt).toISOString(), MAILED_WORDS[mailed]]),
    ),
  ].join('');
}
