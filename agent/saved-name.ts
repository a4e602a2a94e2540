/** The name under which a file that came with a message is saved: the sender's own, as far as it leads nowhere, hides nothing and fits. Pure. */
import { oneLine } from '../shared/text/visible-text.ts';

/** What file systems take of a name, in bytes of UTF-8 (NAME_MAX). */
const LONGEST = 255;

/** A leading dot would make it a folder of the system's, or a settings file that nobody sees. Too long a name keeps its ending. */
export function savedName(given: string): string {
  const name = oneLine(given).replaceAll(/[/\\]/g, '_').replace(/^\.+/, '_') || '_';
  const ending = /\.[^.]{1,20}$/.exec(name)?.[0] ?? '';
  const stem = [...name.slice(0, name.length - ending.length)];
  while (Buffer.byteLength(stem.join('') + ending) > LONGEST) stem.pop();
  return stem.join('') + ending;
}
