/**
 * Expressions of dynamic groups: the compiled evaluation equals that of the library for every expression and all facts, and no text makes the
 * parser fail or an evaluation unbounded.
 */
import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createExpressionParser, LONGEST_EXPRESSION } from '../../server/groups/expression.ts';
import type { FactCatalog, FactValue } from '../../server/groups/facts.ts';

const declare = (type: FactCatalog[string]['type']) => ({ type, source: 'inventory', meaning: 'Test' }) as const;
const CATALOG: FactCatalog = {
  'os.name': declare('string'),
  host: declare('string'),
  'disk.encrypted': declare('bool'),
  cores: declare('int'),
  areas: declare('list'),
};
const parse = createExpressionParser(CATALOG);

class Unknown extends Error {}

/** Facts for the library. An unknown fact throws, so that the library applies the rules of CEL for errors. */
function libraryContext(facts: Readonly<Record<string, FactValue | null>>): object {
  const context = {};
  const nested = { os: {}, disk: {} };
  for (const [name, value] of Object.entries(facts)) {
    const [first = '', second] = name.split('.');
    const target = second === undefined ? context : nested[first as 'os' | 'disk'];
    Object.defineProperty(target, second ?? first, {
      enumerable: true,
      get: () => {
        if (value === null) throw new Unknown();
        return typeof value === 'number' ? BigInt(value) : value;
      },
    });
  }
  return Object.assign(context, {}, nestedGetters(nested));
}

const nestedGetters = ({ os, disk }: { os: object; disk: object }) => ({ os: new Os(os), disk: new Disk(disk) });

class Os {
  readonly values: Record<string, unknown>;
  constructor(values: object) {
    this.values = values as Record<string, unknown>;
  }
  get name(): unknown {
    return this.values.name;
  }
}
class Disk {
  readonly values: Record<string, unknown>;
  constructor(values: object) {
    this.values = values as Record<string, unknown>;
  }
  get encrypted(): unknown {
    return this.values.encrypted;
  }
}

const library = new Environment()
  .registerType('Os', { ctor: Os, fields: { name: 'string' } })
  .registerType('Disk', { ctor: Disk, fields: { encrypted: 'bool' } })
  .registerVariable('os', 'Os')
  .registerVariable('disk', 'Disk')
  .registerVariable('host', 'string')
  .registerVariable('cores', 'int')
  .registerVariable('areas', 'list<string>');

const { bool } = fc.letrec<{ bool: string; text: string; int: string }>((tie) => ({
  text: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('os.name', 'host', '"a"', '"ab"', '"b"', '""') },
    tie('bool').map((bool) => `(${bool} ? host : "a")`),
  ),
  int: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('cores', '1', '2', '0', '-3', 'size(areas)', 'size(host)') },
    fc.tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int')).map((parts) => `(${parts.join(' ')})`),
  ),
  bool: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'expression' },
    fc.constantFrom('disk.encrypted', 'true', 'false'),
    fc.tuple(tie('bool'), fc.constantFrom('&&', '||', '==', '!='), tie('bool')).map((parts) => `(${parts.join(' ')})`),
    tie('bool').map((inner) => `!${inner}`),
    fc.tuple(tie('text'), fc.constantFrom('==', '!=', '<', '>='), tie('text')).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('int'), fc.constantFrom('==', '<', '<=', '>'), tie('int')).map((parts) => `(${parts.join(' ')})`),
    fc
      .tuple(tie('text'), fc.constantFrom('areas', '["a", host]', '["a"]'))
      .map(([item, list]) => `(${item} in ${list})`),
    fc
      .tuple(tie('text'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('text'))
      .map(([text, method, part]) => `${text}.${method}(${part})`),
    fc
      .tuple(
        fc.constantFrom('exists', 'all'),
        fc.constantFrom('item == host', 'item.startsWith("a")', 'disk.encrypted'),
      )
      .map(([loop, condition]) => `areas.${loop}(item, ${condition})`),
  ),
}));

const orUnknown = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const facts = fc.record({
  'os.name': orUnknown(fc.constantFrom('a', 'b', 'ab')),
  host: orUnknown(fc.constantFrom('a', 'ab', '')),
  'disk.encrypted': orUnknown(fc.boolean()),
  cores: orUnknown(fc.integer({ min: -4, max: 4 })),
  areas: orUnknown(fc.array(fc.constantFrom('a', 'ab', 'b'), { maxLength: 3 })),
});

it('evaluates like the library, with unknown facts as errors of CEL', () => {
  fc.assert(
    fc.property(bool, facts, (text, values) => {
      const { expression } = parse(text);
      // The limits refuse some of the deep expressions.
      fc.pre(expression !== null);
      let expected: boolean | null;
      try {
        expected = library.evaluate(text, libraryContext(values)) as boolean;
      } catch {
        expected = null;
      }
      expect([text, values, expression.evaluate(values)]).toEqual([text, values, expected]);
    }),
    { numRuns: 2_000 },
  );
});

const token = fc.constantFrom(
  ...[
    'os.name',
    'areas',
    'host',
    'cores',
    'disk',
    '.',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&&',
    '||',
    '!',
    '?',
    ':',
    '==',
  ],
  ...[
    '<',
    'in',
    '+',
    '-',
    '*',
    '/',
    '%',
    '"a"',
    '1',
    '2u',
    '1.5',
    'null',
    'b"x"',
    'true',
    'exists(a,',
    'all(a,',
    'map(a,',
    'a',
  ],
  ...[
    'filter(a,',
    'cel.bind(x,',
    'matches("(a+)+$")',
    'size(',
    'known(',
    'has(',
    'dyn(',
    'type(',
    '"',
    "'",
    '\n',
    '__proto__',
  ],
  ...['constructor', 'duration("1s")', 'timestamp("2020")', 'string(', '.join()', '.split(",")'],
);

it('accepts or refuses every text without a failure, and bounds each accepted expression', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(token, { maxLength: 60 }).map((all) => all.join(' ')),
        fc.string(),
        bool,
      ),
      facts,
      (text, values) => {
        const { expression, error } = parse(text);
        if (error) {
          expect([error.message.length > 0, error.start <= error.end, error.end <= text.length]).toEqual([
            true,
            true,
            true,
          ]);
          return;
        }
        expect([true, false, null]).toContain(expression.evaluate(values));
        expect(expression.cost).toBeLessThanOrEqual(200 * 100);
      },
    ),
    { numRuns: 3_000 },
  );
});

it('refuses expressions that grow beyond the limits', () => {
  for (const hostile of [
    `true${' && true'.repeat(300)}`,
    `${'!'.repeat(1_000)}true`,
    `${'['.repeat(500)}${']'.repeat(500)} == []`,
    `host in [${Array.from({ length: 500 }, (_, index) => `"${index}"`).join(',')}]`.slice(0, LONGEST_EXPRESSION),
    'cel.bind(a, host + host, cel.bind(b, a + a, cel.bind(c, b + b, size(c) > 0)))',
    '[1, 2, 3].map(a, [1, 2, 3].map(b, [1, 2, 3])).size() > 0',
    'host.matches("(a+)+$")',
  ]) {
    expect([hostile, parse(hostile).expression]).toEqual([hostile, null]);
  }
});
