/**
 * Text from other people, made safe to display. Invisible characters, and characters that reorder text, become visible. Right-to-left text
 * is isolated (UAX #9). The joiners U+200C and U+200D remain, because Persian, Urdu and Indic scripts need them.
 */

/** Characters without a use in legal text. The server refuses a proposal with such a character. */
const USELESS = [
  String.raw`\u200b\u2060-\u206f`, // Zero-width space, word joiner, invisible operators, isolates and deprecated controls.
  String.raw`\u2028\u2029\u202a-\u202e`, // Line and paragraph separators, directional embeddings and overrides.
  String.raw`\ufeff\ufff9-\ufffb`, // Byte order mark and interlinear annotation characters.
  String.raw`\u115f\u1160\u3164\uffa0\u180e`, // Fillers and separators that display nothing.
  String.raw`\p{Cs}\u{e0000}-\u{e007f}`, // Halves of surrogate pairs, and tag characters.
].join('');
/** Direction marks. They are harmless in right-to-left text, but in a left-to-right line they reorder text. */
const MARKS = String.raw`\u061c\u200e\u200f`;

const HIDDEN = new RegExp(`[\\p{Cc}${USELESS}${MARKS}]`, 'gu');
/** Line breaks and tabs are allowed in a paragraph. */
const HIDDEN_IN_PARAGRAPHS = new RegExp(`(?![\\n\\t\u2068\u2069])[\\p{Cc}${USELESS}${MARKS}]`, 'gu');
const REFUSED = new RegExp(`(?![\\n\\r\\t])[\\p{Cc}${USELESS}]`, 'u');
const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;
const REPLACEMENT = '\ufffd';

/** Text on one line, with a space for each line break. */
export const oneLine = (text: string): string => text.replaceAll(/[\t\r\n]+/g, ' ').replaceAll(HIDDEN, REPLACEMENT);

/** Text for one line of a terminal or a plain file, with right-to-left text isolated (FSI … PDI). */
export function plain(text: string): string {
  const line = oneLine(text);
  return RIGHT_TO_LEFT.test(line) ? `\u2068${line}\u2069` : line;
}

/**
 * Text for an HTML element that isolates the writing direction of its content. Line breaks remain, and so do directional isolates that are
 * closed within the text.
 */
export function visible(text: string): string {
  return closedIsolates(text.replaceAll('\r\n', '\n').replaceAll(HIDDEN_IN_PARAGRAPHS, REPLACEMENT));
}

/** A directional isolate that is opened or closed outside the text would affect the surrounding text. */
function closedIsolates(text: string): string {
  if (!/[\u2068\u2069]/.test(text)) return text;
  const characters = [...text];
  const open: number[] = [];
  for (const [at, character] of characters.entries()) {
    if (character === '\u2068') open.push(at);
    else if (character === '\u2069' && open.pop() === undefined) characters[at] = REPLACEMENT;
  }
  for (const at of open) characters[at] = REPLACEMENT;
  return characters.join('');
}

/** JSON with visible escapes for hidden characters. JSON itself escapes only C0 controls and lone surrogates. */
export function plainJson(value: unknown): string {
  const escaped = (each: string) =>
    each === '\n' ? each : [...Array(each.length).keys()].map((at) => unitOf(each, at)).join('');
  return JSON.stringify(value, null, 2).replaceAll(HIDDEN, escaped);
}

const unitOf = (text: string, at: number): string => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;

/** First character without a use in legal text, such as `U+202E`; null if there is none. */
export function uselessCharacter(text: string): string | null {
  const found = REFUSED.exec(text)?.[0].codePointAt(0);
  return found === undefined ? null : `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
}
