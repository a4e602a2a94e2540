import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { NOTICES, noticesText } from './third-party-notices.ts';

it('THIRD-PARTY-NOTICES is current; write it with npm run notices', () => {
  const text = readFileSync(NOTICES, 'utf8');
  expect(text === noticesText()).toBe(true);
  for (const name of ['better-sqlite3', 'express', 'react', 'ts-mls'])
    expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
  expect(text).not.toMatch(/^(vitest|playwright-core) \d/m);
});
