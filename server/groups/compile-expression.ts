/**
 * Compiles a checked expression into functions with three results: true, false and unknown (null). Unknown follows the error rules of CEL:
 * `false && unknown` is false, `true || unknown` is true, and most other uses of an unknown value are unknown. The CEL library throws an
 * error for each unknown fact, which takes ten times as long as an evaluation. A property test compares this compiler with the library.
 * Only the operators and functions below are allowed. None of them creates text or lists, and loops are not nested, so each evaluation is
 * bounded. The functions are pure.
 */
import type { ASTNode, ASTOperator, SourceRange } from '@marcbachmann/cel-js';
import { compareVersions } from '../../shared/inventory/compare-versions.ts';
import type { FactCatalog, FactValue, FactValues } from './facts.ts';

export interface Compiled {
  readonly facts: ReadonlySet<string>;
  readonly cost: number;
  readonly evaluate: (facts: FactValues) => boolean | null;
}

/** Error for an operator or function that expressions of groups may not use. */
export class Unsupported extends Error {
  readonly range: SourceRange;
  constructor(message: string, range: SourceRange) {
    super(message);
    this.range = range;
  }
}

/** Number of elements that the cost estimate assumes for each list in a loop. The lists of facts are shorter in practice. */
const LOOP_COST = 100;

type Value = FactValue | null;
/** Evaluation of a part of an expression. `item`: element of the surrounding loop. */
type Run = (facts: FactValues, item: Value) => Value;
type Node<Op extends ASTOperator> = Extract<ASTNode, { op: Op }>;

export function compileExpression(root: ASTNode, catalog: FactCatalog): Compiled {
  const facts = new Set<string>();
  let cost = 0;
  /** Variable of the surrounding loop; null outside of loops. */
  let variable: string | null = null;

  function compile(node: ASTNode): Run {
    cost += variable === null ? 1 : LOOP_COST;
    switch (node.op) {
      case 'value':
        return literal(node);
      case 'id':
        return node.args === variable ? (_, item) => item : readFact(node.args, node);
      case '.':
        return readFact(pathOf(node), node);
      case '[]':
        return readKey(node);
      case 'list':
        return list(node);
      case '!_':
        return negation(compile(node.args));
      case '-_':
        return arithmetic(() => 0, compile(node.args), '-');
      case '&&':
        return junction(compile(node.args[0]), compile(node.args[1]), false);
      case '||':
        return junction(compile(node.args[0]), compile(node.args[1]), true);
      case '?:':
        return choice(compile(node.args[0]), compile(node.args[1]), compile(node.args[2]));
      case '==':
      case '!=':
        return equality(node, node.op === '==');
      case '<':
      case '<=':
      case '>':
      case '>=':
        return strict(compile(node.args[0]), compile(node.args[1]), COMPARISONS[node.op]);
      case 'in':
        return membership(node);
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
        requireKind(node, ['int', 'double'], `The operator ${node.op} works with numbers only.`);
        return arithmetic(compile(node.args[0]), compile(node.args[1]), node.op);
      case 'call':
        return call(node.args[0], null, node.args[1], node);
      case 'rcall':
        return call(node.args[0], node.args[1], node.args[2], node);
      default:
        throw new Unsupported('Expressions of groups cannot use this operator.', rangeOf(node));
    }
  }

  function readFact(name: string | null, node: ASTNode): Run {
    if (name === null || !Object.hasOwn(catalog, name))
      throw new Unsupported(`${name ?? 'This'} is not a fact. Choose a fact from the list.`, rangeOf(node));
    facts.add(name);
    return (values) => values[name] ?? null;
  }

  function readKey(node: Node<'[]'>): Run {
    const [object, key] = node.args;
    requireKind(object, ['map'], 'Square brackets work with maps only. Use exists() for a list.');
    return strict(compile(object), compile(key), (map, name) =>
      typeof map === 'object' && typeof name === 'string' && Object.hasOwn(map, name)
        ? ((map as Readonly<Record<string, string>>)[name] ?? null)
        : null,
    );
  }

  function equality(node: Node<'==' | '!='>, equal: boolean): Run {
    for (const side of node.args) requireKind(side, SCALARS, 'Lists and maps cannot be compared. Use in or exists().');
    return strict(compile(node.args[0]), compile(node.args[1]), (a, b) => (a === b) === equal);
  }

  function membership(node: Node<'in'>): Run {
    requireKind(node.args[0], SCALARS, 'Only a text, number or truth value can be in a list.');
    requireKind(node.args[1], ['list', 'map'], 'The operator in needs a list or map on its right side.');
    return strict(compile(node.args[0]), compile(node.args[1]), (item, all) =>
      Array.isArray(all) ? all.includes(item) : typeof item === 'string' && Object.hasOwn(all as object, item),
    );
  }

  function list(node: Node<'list'>): Run {
    const elements = node.args.map((element) => {
      requireKind(element, SCALARS, 'A list can contain only texts, numbers and truth values.');
      return compile(element);
    });
    if (node.args.every(({ op }) => op === 'value')) {
      const fixed = elements.map((element) => element({}, null)) as readonly string[];
      return () => fixed;
    }
    return (values, item) => {
      const all = elements.map((element) => element(values, item));
      return all.includes(null) ? null : (all as string[]);
    };
  }

  function call(name: string, receiver: ASTNode | null, parameters: readonly ASTNode[], node: ASTNode): Run {
    const [first, second] = parameters;
    if (receiver && first && second && (name === 'exists' || name === 'all'))
      return loop(receiver, first, second, name === 'exists');
    if (!receiver && first && (name === 'known' || name === 'has')) {
      const value = readFact(pathOf(first), first);
      return (values, item) => value(values, item) !== null;
    }
    const definition = Object.hasOwn(CALLS, name) ? CALLS[name] : undefined;
    const given = receiver === null ? parameters : [receiver, ...parameters];
    const [a, b] = given;
    if (!definition || !a || given.length !== definition.length) {
      throw new Unsupported(`Expressions of groups cannot use ${name}() in this way.`, rangeOf(node));
    }
    return b ? strict(compile(a), compile(b), definition) : strict(compile(a), () => true, definition);
  }

  function loop(receiver: ASTNode, item: ASTNode, condition: ASTNode, any: boolean): Run {
    if (variable !== null) {
      throw new Unsupported('exists() and all() cannot be inside another exists() or all().', rangeOf(receiver));
    }
    const elements = compile(receiver);
    variable = item.op === 'id' ? item.args : null;
    const fulfills = compile(condition);
    variable = null;
    return (values) => {
      const all = elements(values, null);
      if (!Array.isArray(all)) return null;
      let result: Value = !any;
      for (const element of all) {
        const found = fulfills(values, element);
        if (found === any) return any;
        if (found === null) result = null;
      }
      return result;
    };
  }

  const run = compile(root);
  return {
    facts,
    cost,
    evaluate: (values) => {
      const result = run(values, null);
      return typeof result === 'boolean' ? result : null;
    },
  };
}

const SCALARS = ['string', 'int', 'double', 'bool'];

const COMPARISONS = {
  '<': (a: FactValue, b: FactValue) => a < b,
  '<=': (a: FactValue, b: FactValue) => a <= b,
  '>': (a: FactValue, b: FactValue) => a > b,
  '>=': (a: FactValue, b: FactValue) => a >= b,
} as const;

type Binary = (a: FactValue, b: FactValue) => Value;

/** Functions with one or two parameters. The first parameter may be the receiver, as in `text.contains(part)`. */
const CALLS: Readonly<Record<string, Binary>> = {
  startsWith: (text, part) => String(text).startsWith(String(part)),
  endsWith: (text, part) => String(text).endsWith(String(part)),
  contains: (text, part) => String(text).includes(String(part)),
  compareVersions: (a, b) => compareVersions(String(a), String(b)),
  lowerAscii: (text: FactValue) => String(text).replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  size: (value: FactValue) => {
    if (typeof value === 'string') return [...value].length;
    return Array.isArray(value) ? value.length : Object.keys(value).length;
  },
};

/** Result of a function that needs all its values: unknown if one of them is unknown. */
function strict(left: Run, right: Run, apply: Binary): Run {
  return (values, item) => {
    const a = left(values, item);
    if (a === null) return null;
    const b = right(values, item);
    return b === null ? null : apply(a, b);
  };
}

function negation(inner: Run): Run {
  return (values, item) => {
    const value = inner(values, item);
    return typeof value === 'boolean' ? !value : null;
  };
}

/**
 * The operators `&&` (`decisive` is false) and `||` (`decisive` is true). If one side has the decisive value, the result is this value,
 * even if the other side is unknown.
 */
function junction(left: Run, right: Run, decisive: boolean): Run {
  return (values, item) => {
    const a = left(values, item);
    if (a === decisive) return decisive;
    const b = right(values, item);
    if (b === decisive) return decisive;
    return a === null || b === null ? null : !decisive;
  };
}

function choice(condition: Run, yes: Run, no: Run): Run {
  return (values, item) => {
    const decided = condition(values, item);
    return decided === null ? null : decided ? yes(values, item) : no(values, item);
  };
}

/** Arithmetic on integers. The result is unknown after a division by zero, and beyond the exact integers of JavaScript. */
function arithmetic(left: Run, right: Run, operator: '+' | '-' | '*' | '/' | '%'): Run {
  return strict(left, right, (a, b) => {
    const result = calculate(Number(a), Number(b), operator);
    return Number.isFinite(result) && Math.abs(result) <= Number.MAX_SAFE_INTEGER ? result : null;
  });
}

function calculate(a: number, b: number, operator: '+' | '-' | '*' | '/' | '%'): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return Math.trunc(a / b);
    case '%':
      return a % b;
  }
}

function literal(node: Node<'value'>): Run {
  const { args } = node;
  const value = typeof args === 'bigint' ? Number(args) : args;
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw new Unsupported('The number is too large.', rangeOf(node));
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new Unsupported('Expressions of groups cannot use this kind of value.', rangeOf(node));
  }
  return () => value;
}

function pathOf(node: ASTNode): string | null {
  if (node.op === 'id') return node.args;
  if (node.op !== '.') return null;
  const path = pathOf(node.args[0]);
  return path === null ? null : `${path}.${node.args[1]}`;
}

/** Requires that the library's type check gave the node one of these types. */
function requireKind(node: ASTNode, kinds: readonly string[], message: string): void {
  // Type that the library's check sets for a node, although the library does not declare the field.
  const { checkedType } = node as { readonly checkedType?: { readonly kind?: string; readonly name?: string } };
  const { kind = '', name = '' } = checkedType ?? {};
  if (!kinds.includes(kind) && !kinds.includes(name)) throw new Unsupported(message, rangeOf(node));
}

const rangeOf = ({ start, end }: ASTNode): SourceRange => ({ start, end });
