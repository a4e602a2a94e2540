/**
 * Comma-separated values (RFC 4180) that are safe to open in a spreadsheet and to print on a terminal: no value becomes a formula or a
 * control sequence.
 */

/** Characters that begin a formula in a spreadsheet, including their full-width forms. */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@|%＝＋－＠]/u;
/**
 * Beginning of a formula after a separator or line end inside the text. A spreadsheet of another country, which separates cells at
 * semicolons, ignores the quotes around the text and would begin a cell there.
 */
const INNER_FORMULA = /(?<=[;\t|\r\n][\s\p{Cc}\p{Cf}"]*)(?=[=+\-@|%＝＋－＠])/gu;
/** Characters that separate cells in the spreadsheet programs of some countries. */
const SPECIAL = /[",;\t\r\n]|^\s|\s$/;

/** Control characters apart from tab and line ends. */
const CONTROL = /(?![\t\r\n])\p{Cc}/gu;

export type CsvCell = string | number | boolean | null;

function cell(value: CsvCell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const harmless = value.replaceAll(INNER_FORMULA, "'");
  const text = (FORMULA.test(value) ? `'${harmless}` : harmless).replaceAll(CONTROL, '\ufffd');
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}
