/**
 * Comma-separated values (RFC 4180) that are safe to open in a spreadsheet: names of people, devices and orders stay text, whatever their
 * first character.
 */

/** Characters that start a formula in a spreadsheet, including the wide forms. */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@|%＝＋－＠]/u;
/** Characters that separate cells in some country's spreadsheets. */
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
