/** Comma-separated values (RFC 4180) that are safe to open in a spreadsheet: no value becomes a formula. */

/** Characters that begin a formula in a spreadsheet, including their full-width forms. */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@|%＝＋－＠]/u;
/** Characters that separate cells in the spreadsheet programs of some countries. */
const SPECIAL = /[",;\t\r\n]|^\s|\s$/;

export type CsvCell = string | number | boolean | null;

function cell(value: CsvCell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}
