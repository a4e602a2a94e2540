import { oneLine } from '../shared/text/visible-text.ts';

/** Maximum length of a file name in bytes of UTF-8 (NAME_MAX). */
const LONGEST = 255;

/**
 * Makes a safe file name for a received attachment. The sender's name could start with a dot (hidden file) or contain a slash (another
 * folder). A shortened name keeps its extension.
 */
export function savedName(given: string): string {
  const name = oneLine(given).replaceAll(/[/\\]/g, '_').replace(/^\.+/, '_') || '_';
  const ending = /\.[^.]{1,20}$/.exec(name)?.[0] ?? '';
  const stem = [...name.slice(0, name.length - ending.length)];
  while (Buffer.byteLength(stem.join('') + ending) > LONGEST) stem.pop();
  return stem.join('') + ending;
}
