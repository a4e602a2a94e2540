/**
 * Output for people and scripts. Visible characters replace control characters in text from the server, so that the text cannot control the
 * terminal.
 */
import { plain } from '../../shared/text/visible-text.ts';

export interface Output {
  /** Prints `value` as JSON if the user gave `--json`, otherwise prints `lines`. */
  show(value: unknown, lines: readonly string[]): void;
  /** Prints a line to standard error. Does nothing if the user gave `--json`. */
  note(line: string): void;
}

export function createOutput(json: boolean, stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream): Output {
  return {
    show(value, lines) {
      if (json) stdout.write(`${JSON.stringify(value, null, 2)}\n`);
      else for (const line of lines) stdout.write(`${line}\n`);
    },
    note(line) {
      if (!json) stderr.write(`${line}\n`);
    },
  };
}

export type Cell = string | number | boolean | null;

export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  if (rows.length === 0) return ['(none)'];
  const cells = [[...head], ...rows.map((row) => row.map((cell) => plain(cell === null ? '-' : String(cell))))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  return cells.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))))
      .join('  ')
      .trimEnd(),
  );
}

/** Unicode isolates (direction marks) are invisible on a terminal, so the column width does not include them. */
const widthOf = (text: string): number => [...text].filter((each) => !/[\u2068\u2069]/.test(each)).length;

export const when = (instant: number | null): string => (instant === null ? '-' : new Date(instant).toISOString());
