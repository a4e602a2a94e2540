/**
 * Comma-separated values (RFC 4180) that a spreadsheet can open without running anything: what people called themselves, a device or an order is
 * text there, whatever it begins with.
 */

/** What makes a spreadsheet take a cell for a formula; the wide forms too, which some take for the narrow ones. */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@|%＝＋－＠]/u;
/** Also what separates cells elsewhere: which character does so is a matter of the reader's country. */
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
