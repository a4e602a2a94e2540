import { expect, it } from 'vitest';
import { flameGraph } from './flame-graph.ts';
import type { Profile } from './profile.ts';

const node = (id: number, functionName: string, url: string, children: readonly number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 0 },
  children,
});

const PROFILE: Profile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 4]),
    node(2, '(idle)', ''),
    node(3, 'read<T>', 'node:fs', [5]),
    node(4, 'write', 'node:fs'),
    node(5, 'parse', 'file:///project/server/a.ts'),
  ],
  samples: [2, 3, 5, 4],
  timeDeltas: [5_000, 100, 600, 300],
};

it('draws each function as wide as its share of the time, below its caller', () => {
  const svg = flameGraph('check-in', PROFILE);
  expect(svg).toContain('<title>read&lt;T&gt; node:fs: 70.0 %</title><rect x="0.0" y="60" width="839.5"');
  expect(svg).toMatch(/<title>parse [^<]*: 60.0 %<\/title><rect x="0.0" y="78" width="719.5"/);
  expect(svg).toContain('<title>write node:fs: 30.0 %</title><rect x="840.0" y="60"');
  expect(svg).not.toContain('idle');
});
