/** Writes BENCHMARKS.md: the results of one complete run with machine, date, spread and the reasons for missed budgets. */
import type { AcceptedMiss, Outcome } from './accepted-misses.ts';
import type { Bench, Result } from './measure.ts';
import { PEER, PEER_FIGURES } from './peer-figures.ts';

export interface PageRow {
  readonly result: Result;
  readonly better: Bench['better'];
  readonly outcome: Outcome;
  readonly accepted: AcceptedMiss | undefined;
  /** Notes below a benchmark's result, one sentence each. */
  readonly notes: readonly string[];
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly store: 'SQLite' | 'PostgreSQL';
}

const OUTCOMES = { holds: 'held', accepted: 'missed', missed: 'missed' } as const;

function tableRow({ result, better, outcome }: PageRow): string {
  const { name, unit, value, floor, ratio, budget, runs, spread } = result;
  const bound = `${better === 'more' ? '≥' : '≤'} ${budget}`;
  const peer = PEER_FIGURES[name]?.figure ?? '';
  const cells = [name, unit, value, floor ?? '', ratio ?? '', bound, OUTCOMES[outcome], runs, percent(spread), peer];
  return `| ${cells.join(' | ')} |`;
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;

/** Pictures of the page, as paths from the project's folder. */
export interface Pictures {
  /** Cost of an order by fleet size; null if this was not measured. */
  readonly graph: string | null;
  /** Flame graphs by their titles. */
  readonly profiles: Readonly<Record<string, string>>;
}

/** Text of the page. `day`: ISO date of the run. */
export function benchmarksPage(
  rows: readonly PageRow[],
  machine: Machine,
  day: string,
  { graph, profiles }: Pictures,
): string {
  const missed = rows.filter(({ outcome }) => outcome !== 'holds');
  return [
    '# Benchmarks',
    '',
    `\`npm run bench -- --page\` wrote this page on ${day} on ${machine.processor}, ${machine.cores} cores, ` +
      `${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.store}. The server has one core, the devices another.`,
    '',
    'Each figure is the median of the runs. The floor is a bare program that does the same work on the wire in the same run, ' +
      'and the ratio compares both. A benchmark with `durable` in its name has a floor that stores each frame in a row before it answers.',
    `The last column has figures of ${PEER.name} on one core of another machine, measured on ${PEER.measured}.`,
    '',
    `| benchmark | unit | Cordon | floor | ratio | budget | outcome | runs | spread | ${PEER.name} |`,
    '|---|---|---:|---:|---:|---:|---|---:|---:|---:|',
    ...rows.map(tableRow),
    '',
    ...(graph === null
      ? []
      : ['## Cost of an order by fleet size', '', `![Cost of an order by fleet size](${graph})`, '']),
    ...notes(rows),
    ...flameGraphs(profiles),
    ...(missed.length === 0 ? [] : ['## Missed budgets', '', ...missed.map(reason), '']),
  ].join('\n');
}

/** Notes of all benchmarks, without the bars of a graph, because the page has the graph as a picture. */
function notes(rows: readonly PageRow[]): string[] {
  const lines = rows.flatMap(({ result, notes: own }) =>
    own.filter((note) => !note.includes('█')).map((note) => `- ${result.name}: ${note}`),
  );
  return lines.length === 0 ? [] : ['## Notes', '', ...lines, ''];
}

function flameGraphs(profiles: Pictures['profiles']): string[] {
  const links = Object.entries(profiles).map(([title, path]) => `- [${title}](${path})`);
  if (links.length === 0) return [];
  return [
    '## Where the time goes',
    '',
    'Flame graphs of the server from `npm run bench -- --only NAME --profile FOLDER`. The width of a function is its share of the CPU time.',
    '',
    ...links,
    '',
  ];
}

function reason({ result, accepted, outcome }: PageRow): string {
  if (!accepted) return `- **${result.name}**: No reason is recorded.`;
  const worse = outcome === 'missed' ? ` The figure is worse than the accepted ${accepted.bound}.` : '';
  return `- **${result.name}**: ${accepted.reason} Missed since ${accepted.since}.${worse}`;
}
