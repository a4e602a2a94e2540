import { expect, it } from 'vitest';
import { benchmarksPage, type PageRow } from './page.ts';

const machine = { processor: 'P', cores: 2, memoryGiB: 24, node: '26.1.0', store: 'SQLite' } as const;
const NO_PICTURES = { graph: null, profiles: {} };
const result = { unit: '/s', value: 50, floor: 100, ratio: 0.5, budget: 0.6, holds: false, runs: 3, spread: 0.04 };

it('lists each result with its budget, its spread and the figure of the peer', () => {
  const row: PageRow = {
    result: { ...result, name: 'connect-full' },
    better: 'more',
    outcome: 'missed',
    accepted: undefined,
    notes: ['A note.', '1,000 ███ 67 ms'],
  };
  const lines = benchmarksPage([row], machine, '2026-11-29', {
    graph: 'graph.svg',
    profiles: { 'check-in': 'check-in.svg' },
  }).split('\n');
  expect(lines).toContain('| connect-full | /s | 50 | 100 | 0.5 | ≥ 0.6 | missed | 3 | 4 % | 72 |');
  expect(lines).toContain('- connect-full: A note.');
  expect(lines.join()).not.toContain('███');
  expect(lines).toContain('- **connect-full**: No reason is recorded.');
  expect(lines).toContain('![Cost of an order by fleet size](graph.svg)');
  expect(lines).toContain('- [check-in](check-in.svg)');
});

it('names the machine, the store, the date, and the peer with the date of its measurement', () => {
  const page = benchmarksPage([], machine, '2026-11-29', NO_PICTURES);
  expect(page).toContain('on 2026-11-29 on P, 2 cores, 24 GiB, Node 26.1.0, SQLite.');
  expect(page).toContain('figures of MeshCentral on one core of another machine, measured on 2026-11-27.');
  const [head] = page.split('\n').filter((line) => line.startsWith('| benchmark'));
  expect(head).toBe('| benchmark | unit | Cordon | floor | ratio | budget | outcome | runs | spread | MeshCentral |');
});

it('leaves the cells of a benchmark without floor and without peer empty', () => {
  const row: PageRow = {
    result: { ...result, name: 'x', floor: null, ratio: null, holds: true },
    better: 'less',
    outcome: 'holds',
    accepted: undefined,
    notes: [],
  };
  const lines = benchmarksPage([row], machine, '2026-11-29', NO_PICTURES).split('\n');
  expect(lines).toContain('| x | /s | 50 |  |  | ≤ 0.6 | held | 3 | 4 % |  |');
});

it('says that a figure is worse than the accepted one', () => {
  const accepted = { bound: 0.55, since: '2026-11-28', reason: 'It is slow.' };
  const row: PageRow = { result: { ...result, name: 'x' }, better: 'more', outcome: 'missed', accepted, notes: [] };
  const page = benchmarksPage([row], machine, '2026-11-29', NO_PICTURES);
  expect(page).toContain('- **x**: It is slow. Missed since 2026-11-28. The figure is worse than the accepted 0.55.');
});

it('gives the reason and the date of an accepted miss', () => {
  const accepted = { bound: 0.4, since: '2026-11-28', reason: 'It is slow.' };
  const row: PageRow = { result: { ...result, name: 'x' }, better: 'less', outcome: 'accepted', accepted, notes: [] };
  const page = benchmarksPage([row], machine, '2026-11-29', NO_PICTURES);
  expect(page).toContain('- **x**: It is slow. Missed since 2026-11-28.');
  expect(page).not.toContain('fleet size');
  expect(page).not.toContain('Where the time goes');
});

it('has no section of misses if all budgets hold', () => {
  const row: PageRow = {
    result: { ...result, name: 'x', holds: true },
    better: 'more',
    outcome: 'holds',
    accepted: undefined,
    notes: [],
  };
  expect(benchmarksPage([row], machine, '2026-11-29', NO_PICTURES)).not.toContain('Missed');
});
