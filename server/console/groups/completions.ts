/**
 * Completions for the expression of a dynamic group: facts and functions whose names begin with the word before the caret. The functions
 * are pure.
 */
import type { z } from 'zod';
import type { groupFacts } from '../../../shared/api/groups.ts';

export type Vocabulary = z.output<typeof groupFacts>;

export interface Completion {
  readonly label: string;
  readonly meaning: string;
  /** Text that replaces the word before the caret. */
  readonly insert: string;
}

export interface Completions {
  /** Start of the word that a completion replaces. The word ends at the caret. */
  readonly from: number;
  readonly options: readonly Completion[];
}

const MOST = 8;
const NONE: Completions = { from: 0, options: [] };

/** Completions at the caret. `all`: also for an empty word, when the user requests them with a key. */
export function completionsAt(text: string, caret: number, { facts, functions }: Vocabulary, all = false): Completions {
  const before = text.slice(0, caret);
  if (isInText(before)) return NONE;
  const word = /[A-Za-z_][\w.]*$/.exec(before)?.[0] ?? '';
  if (word === '' && !all) return NONE;
  const lower = word.toLowerCase();
  const named = facts.map(({ name, type, meaning }) => ({
    label: name,
    meaning: `${meaning} (${type})`,
    insert: name,
  }));
  // A method such as text.contains() follows a fact and a dot.
  const [, object = '', method = ''] = /^(.*)\.(\w*)$/.exec(word) ?? [];
  const known = facts.find(({ name }) => name === object);
  const methods = functions.flatMap(({ signature, meaning }) => {
    const [, receiver, name = ''] = /^(?:(\w+)\.)?(\w+)\(/.exec(signature) ?? [];
    if (receiver === undefined) return [{ label: signature, meaning, insert: `${name}(`, name }];
    if (!known || !isReceiver(receiver, known.type)) return [];
    return [{ label: `${object}.${name}()`, meaning, insert: `${object}.${name}(`, name: `${object}.${name}` }];
  });
  const starting = [
    ...named.filter(({ label }) => label.toLowerCase().startsWith(lower)),
    ...methods.filter(({ name }) => name.toLowerCase().startsWith(lower)),
  ].filter(({ insert }) => insert !== word);
  const containing = named.filter(
    ({ label }) =>
      method === '' &&
      lower.length > 2 &&
      !label.toLowerCase().startsWith(lower) &&
      label.toLowerCase().includes(lower),
  );
  const options = [...starting, ...containing].slice(0, all && word === '' ? undefined : MOST);
  return {
    from: caret - word.length,
    options: options.map(({ label, meaning, insert }) => ({ label, meaning, insert })),
  };
}

const isReceiver = (receiver: string, type: string): boolean => receiver === (type === 'string' ? 'text' : type);

/** True if the caret is inside a quoted text, which contains no names of facts. */
function isInText(before: string): boolean {
  let quote: string | null = null;
  for (let index = 0; index < before.length; index += 1) {
    const letter = before[index] ?? '';
    if (quote === null && (letter === '"' || letter === "'")) quote = letter;
    else if (quote !== null && letter === '\\') index += 1;
    else if (letter === quote || letter === '\n') quote = null;
  }
  return quote !== null;
}
