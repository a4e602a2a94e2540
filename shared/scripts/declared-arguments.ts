/**
 * Arguments that a script accepts. The signed statement declares each one by name and format, such as `count: integer`, so that the reviewer
 * knows which values the admin who runs the script can give. Server and device refuse every other value.
 */
import { z } from 'zod';
import { CordonError } from '../errors.ts';
import { oneLine } from '../text/visible-text.ts';
import { LONGEST_ARGUMENT, MOST_ARGUMENTS } from './limits.ts';

const NAME = '[a-z][a-z0-9-]{0,31}';
/** Words cannot be read as options, paths or commands. */
const WORD = '[A-Za-z0-9][A-Za-z0-9._-]{0,99}';
const DECLARATION = new RegExp(`^(${NAME}): (integer|word|text|${WORD}(?:\\|${WORD}){1,31})$`);
const FORMATS: Readonly<Record<string, RegExp>> = {
  integer: /^(?:0|[1-9][0-9]{0,14})$/,
  word: new RegExp(`^${WORD}$`),
};

/** Explains the formats to the author of a script. */
export const DECLARATION_HELP =
  '"name: integer" (no sign), "name: word" (letters, digits, period, underscore and hyphen), "name: text" (one line, no hyphen first), or a choice such as "mode: fast|slow"';

export const argumentDeclarations = z
  .array(z.string().regex(DECLARATION, `must be ${DECLARATION_HELP}`))
  .max(MOST_ARGUMENTS);

/** Returns the reason why a script with these declarations does not accept the values; null if it accepts them. */
export function argumentsProblem(declarations: readonly string[], values: readonly string[]): string | null {
  if (values.length !== declarations.length) {
    const accepted =
      declarations.length === 0 ? 'no arguments' : `exactly ${declarations.length} (${declarations.join(', ')})`;
    return `This version of the script accepts ${accepted}, and the request has ${values.length}. Give the declared arguments, or write a version that declares others.`;
  }
  const wrong = declarations.findIndex((declaration, index) => !isAccepted(declaration, values[index] ?? ''));
  if (wrong < 0) return null;
  return `The value of argument ${wrong + 1} does not have the reviewed format ${declarations[wrong]}. Give another value.`;
}

/** Throws `script_refused` unless the script accepts the values. */
export function requireDeclared(declarations: readonly string[], values: readonly string[]): void {
  const problem = argumentsProblem(declarations, values);
  if (problem !== null) throw new CordonError('script_refused', problem);
}

function isAccepted(declaration: string, value: string): boolean {
  const [, , format = ''] = DECLARATION.exec(declaration) ?? [];
  if (format === 'text') return value.length <= LONGEST_ARGUMENT && isPlainLine(value);
  return FORMATS[format]?.test(value) ?? format.split('|').includes(value);
}

/**
 * True if the text has no line end, control character or character that reorders text, and cannot be read as an option: programs take a value
 * that begins with a hyphen as one, whatever the reviewer intended.
 */
const isPlainLine = (text: string): boolean => oneLine(text) === text && !text.startsWith('-');
