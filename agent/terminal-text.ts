/**
 * Text from elsewhere on somebody's terminal: an order's title, an admin's message, a server's words. It may neither
 * steer the terminal nor turn the line's direction round.
 */

/** C0 and C1, line separators, marks of direction, interlinear and tag characters, halves of surrogate pairs. */
const STEERING =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** One line: a break becomes a space, everything else that steers a replacement character. Nothing is added. */
export const harmless = (text: string): string => text.replaceAll(/[\t\r\n]+/g, ' ').replaceAll(STEERING, '\ufffd');

/** For display: harmless, and right to left is isolated (UAX #9, FSI … PDI). */
export function plain(text: string): string {
  const line = harmless(text);
  return RIGHT_TO_LEFT.test(line) ? `\u2068${line}\u2069` : line;
}

/** JSON that says the same and steers nothing: JSON itself escapes C0 and lone surrogates only. */
export function plainJson(value: unknown): string {
  const escaped = (each: string) =>
    each === '\n' ? each : [...Array(each.length).keys()].map((at) => unitOf(each, at)).join('');
  return JSON.stringify(value, null, 2).replaceAll(STEERING, escaped);
}

const unitOf = (text: string, at: number): string => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
