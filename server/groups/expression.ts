/**
 * Expressions of dynamic groups, in a subset of the Common Expression Language (CEL). The library parses an expression and checks its
 * types. `compile-expression.ts` evaluates it. This file limits hostile expressions, and turns errors into texts with a position. The
 * functions are pure.
 */
import { type ASTNode, TypeError as CelTypeError, Environment, ParseError } from '@marcbachmann/cel-js';
import { compareVersions } from '../../shared/inventory/compare-versions.ts';
import { type Compiled, compileExpression, Unsupported } from './compile-expression.ts';
import { type FactCatalog, type FactType, type FactValues, sourcesOf } from './facts.ts';

/** Longest expression in characters. */
export const LONGEST_EXPRESSION = 2_000;
const LIMITS = { maxAstNodes: 200, maxDepth: 24, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 3 } as const;

const CEL_TYPES: Readonly<Record<FactType, string>> = {
  string: 'string',
  int: 'int',
  bool: 'bool',
  list: 'list<string>',
  map: 'map<string, string>',
};

export interface Expression {
  readonly text: string;
  /** Facts that the expression uses. The result can change only if one of them changes. */
  readonly facts: ReadonlySet<string>;
  /** Sources of the facts in the expression, as a sum of bits. */
  readonly sources: number;
  /** Maximum number of steps of one evaluation. A caller uses this number to decide when to let other work run. */
  readonly cost: number;
  /**
   * Evaluates the expression for a device. True: the device is a member. False: the device is not. Null: unknown, because the result
   * depends on an unknown fact.
   */
  readonly evaluate: (facts: FactValues) => boolean | null;
}

/** Problem in an expression. `line` and `column` start at 1; `start` and `end` are offsets in the text. */
export interface ExpressionError {
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly start: number;
  readonly end: number;
}

export type Parsed =
  | { readonly expression: Expression; readonly error: null }
  | { readonly expression: null; readonly error: ExpressionError };

/** Functions for expressions, as the console and the documents list them. */
export const FUNCTIONS = [
  { signature: 'text.startsWith(text)', meaning: 'Whether the text begins with another text' },
  { signature: 'text.endsWith(text)', meaning: 'Whether the text ends with another text' },
  { signature: 'text.contains(text)', meaning: 'Whether the text contains another text' },
  { signature: 'text.lowerAscii()', meaning: 'The text with lower-case letters' },
  { signature: 'compareVersions(version, version)', meaning: '-1, 0 or 1: the first version is older, equal or newer' },
  { signature: 'size(text, list or map)', meaning: 'Number of characters or elements' },
  { signature: 'list.exists(item, condition)', meaning: 'Whether an element fulfills the condition' },
  { signature: 'list.all(item, condition)', meaning: 'Whether all elements fulfill the condition' },
  { signature: 'known(fact)', meaning: 'Whether the server knows the fact. Never unknown' },
] as const;

type Nested = { [name: string]: string | Nested };

/** Creates the parser for the facts of a catalog. Create the parser only once, because the library's environment is expensive. */
export function createExpressionParser(catalog: FactCatalog) {
  const environment = new Environment({ limits: LIMITS });
  for (const [name, declared] of Object.entries(nestedTypes(catalog))) {
    if (typeof declared === 'string') environment.registerVariable(name, declared);
    else environment.registerVariable({ name, schema: declared });
  }
  environment.registerFunction('compareVersions(string, string): int', (a: string, b: string) =>
    BigInt(compareVersions(a, b)),
  );
  environment.registerFunction('known(dyn): bool', (value: unknown) => value !== undefined);

  return (text: string): Parsed => {
    const refuse = (message: string, { start, end } = { start: 0, end: text.length }): Parsed => ({
      expression: null,
      error: { message, ...positionOf(text, start), start, end: Math.max(start, Math.min(end, text.length)) },
    });
    if (text.trim() === '')
      return refuse('The expression is empty. Write a condition, such as os.platform == "linux".');
    if (text.length > LONGEST_EXPRESSION)
      return refuse(`The expression has ${text.length} characters. It may have at most ${LONGEST_EXPRESSION}.`);
    try {
      const parsed = environment.parse(text);
      const { valid, type, error } = parsed.check();
      if (!valid) throw error;
      if (type !== 'bool')
        return refuse(
          `The result is ${type?.startsWith('$') ? 'a set of facts' : `of the type ${type}`}. Write a condition, such as os.platform == "linux".`,
        );
      const compiled: Compiled = compileExpression(parsed.ast, catalog);
      return { expression: { text, sources: sourcesOf(catalog, compiled.facts), ...compiled }, error: null };
    } catch (error) {
      if (error instanceof Unsupported) return refuse(error.message, error.range);
      if (error instanceof ParseError || error instanceof CelTypeError) return refuse(wordsOf(error), error.range);
      throw error;
    }
  };
}

export type ExpressionParser = ReturnType<typeof createExpressionParser>;

function nestedTypes(catalog: FactCatalog): Nested {
  const root: Nested = {};
  for (const [name, { type }] of Object.entries(catalog)) {
    const path = name.split('.');
    const last = path.pop() ?? name;
    let node = root;
    for (const part of path) {
      const inner = node[part] ?? {};
      if (typeof inner === 'string') throw new Error(`The fact ${part} cannot contain the fact ${name}.`);
      node[part] = inner;
      node = inner;
    }
    node[last] = CEL_TYPES[type];
  }
  return root;
}

function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Dotted name of a node such as `os.name`; null for other nodes. */
function pathOf(node: ASTNode | undefined): string | null {
  if (node?.op === 'id') return node.args;
  if (node?.op !== '.') return null;
  const [object, field] = node.args;
  const path = pathOf(object);
  return path === null ? null : `${path}.${field}`;
}

function wordsOf(error: ParseError | CelTypeError): string {
  const { code, summary, node } = error;
  const path = pathOf(node as ASTNode | undefined);
  switch (code) {
    case 'unknown_variable':
    case 'no_such_key':
      return `There is no fact ${path ?? summary.split(': ')[1]}. Choose a fact from the list.`;
    case 'no_such_overload': {
      const [, left, operator, right] = /: (\S+) (\S+) (.+)$/.exec(summary) ?? [];
      return operator
        ? `The operator ${operator} does not accept the types ${left} and ${right}.`
        : `${capital(summary)}.`;
    }
    case 'unexpected_token':
      return summary.endsWith('EOF') ? 'The expression ends too early.' : `${capital(summary)}.`;
    case 'limit_exceeded':
      return `The expression is too large (${summary}). Split it into several groups.`;
    default:
      return `${capital(summary)}.`;
  }
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
