import { describe, expect, it } from 'vitest';
import { createExpressionParser, LONGEST_EXPRESSION } from './expression.ts';
import { FACTS, type FactCatalog, type FactValues } from './facts.ts';

const CATALOG: FactCatalog = { ...FACTS, software: { type: 'map', source: 'inventory', meaning: 'Versions by name' } };
const parse = createExpressionParser(CATALOG);
const DEBIAN: FactValues = {
  'os.name': 'debian',
  'os.version': '12.4',
  'disk.encrypted': false,
  areas: ['DE', 'EU'],
  hostname: 'Büro-7',
  'hardware.memory': 16 * 2 ** 30,
  software: { nginx: '1.24' },
};

function evaluate(text: string, facts: FactValues): boolean | null {
  const { expression, error } = parse(text);
  if (error) throw new Error(error.message);
  return expression.evaluate(facts);
}

describe('evaluation', () => {
  it.each([
    ['os.name == "debian" && !disk.encrypted && "EU" in areas', true],
    ['os.name in ["fedora", "debian"]', true],
    ['compareVersions(os.version, "12.10") < 0', true],
    ['hardware.memory >= 8 * 1024 * 1024 * 1024', true],
    ['areas.exists(area, area.startsWith("D"))', true],
    ['areas.all(area, area.startsWith("D"))', false],
    ['size(areas) == 2 && size(hostname) == 6', true],
    ['hostname.lowerAscii().endsWith("ro-7")', true],
    ['"nginx" in software && software["nginx"] == "1.24"', true],
    ['software["apache2"] == "2"', null],
    ['os.name == "debian" ? disk.encrypted : true', false],
    ['known(home) || has(os.name)', true],
    ['hardware.memory % 1000 == -7', false],
    ['hardware.memory / 0 > 1', null],
  ])('%s: %s', (text, expected) => {
    expect(evaluate(text, DEBIAN)).toBe(expected);
  });

  it.each([
    ['disk.encrypted', null],
    ['!disk.encrypted', null],
    ['disk.encrypted && false', false],
    ['false && disk.encrypted', false],
    ['disk.encrypted || true', true],
    ['disk.encrypted || false', null],
    ['disk.encrypted ? true : true', null],
    ['disk.encrypted == disk.encrypted', null],
    ['known(disk.encrypted)', false],
    ['!known(disk.encrypted) || disk.encrypted', true],
    ['"x" in areas', null],
    ['areas.exists(area, true)', null],
    ['["a", hostname].exists(name, name == "a")', null],
    ['["a"].exists(name, name == "a" || name == hostname)', true],
  ])('an unknown fact in %s: %s', (text, expected) => {
    expect(evaluate(text, {})).toBe(expected);
  });

  it('tells the facts and sources of an expression', () => {
    const { expression } = parse('os.name == "x" || "PK" in areas');
    expect([...(expression?.facts ?? [])]).toEqual(['os.name', 'areas']);
    expect(expression?.sources).toBe(16 + 4);
  });
});

describe('errors', () => {
  it.each([
    ['', 1, 1, /is empty/],
    ['os.nam == "x"', 1, 4, /no fact os\.nam/],
    ['hostname == "x" ||\n  os.foo == "y"', 2, 6, /no fact os\.foo/],
    ['tint == 1', 1, 1, /no fact tint/],
    ['1 +', 1, 4, /ends too early/],
    ['os.name < 3', 1, 1, /operator < does not accept the types string and int/],
    ['hostname', 1, 1, /type string/],
    ['os', 1, 1, /set of facts/],
    ['true && os.name.matches("(a+)+$")', 1, 9, /cannot use matches/],
    ['hostname + hostname == "x"', 1, 1, /numbers only/],
    ['areas.map(a, a) == areas', 1, 1, /cannot be compared/],
    ['areas.exists(a, areas.exists(b, a == b))', 1, 17, /inside another/],
    ['areas[0] == "PK"', 1, 1, /Square brackets/],
    ['hostname == null', 1, 1, /string and null/],
    ['known("x")', 1, 7, /not a fact/],
    ['hardware.memory == 9007199254740993', 1, 20, /too large/],
    [`${'('.repeat(40)}true${')'.repeat(40)}`, 1, 25, /too large/],
    [`hostname in [${Array.from({ length: 150 }, () => '"a"').join(',')}]`, 1, 414, /too large/],
    ['x'.repeat(LONGEST_EXPRESSION + 1), 1, 1, /at most 2000/],
  ])('%j: line %i, column %i', (text, line, column, message) => {
    const { expression, error } = parse(text);
    expect(expression).toBeNull();
    expect(error).toMatchObject({ line, column, message: expect.stringMatching(message) });
  });
});
