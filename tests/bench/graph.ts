/** A graph of costs by fleet size, as text for a terminal and as SVG for a page. Both axes are logarithmic. */

export interface Series {
  readonly name: string;
  /** One curve. `x`: devices in the store. `y`: milliseconds. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const BAR = 40;
const count = (x: number): string => x.toLocaleString('en');

export function textGraph(series: readonly Series[]): string[] {
  const highest = Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)));
  const names = Math.max(...series.map(({ name }) => name.length));
  return series.flatMap(({ name, points }) =>
    points.map(({ x, y }) => {
      const bar = '█'.repeat(Math.max(1, Math.round((y / highest) * BAR)));
      return `${name.padEnd(names)} ${count(x).padStart(9)} ${bar} ${y.toFixed(0)} ms`;
    }),
  );
}

const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = { left: 70, right: 170, top: 50, bottom: 50 };
const COLORS = ['#1c7ed6', '#e8590c', '#2f9e44', '#862e9c'];

/** Range of an axis: powers of ten from just below the smallest value to just above the largest. */
function decades(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

export function svgGraph(title: string, series: readonly Series[]): string {
  const points = series.flatMap((each) => each.points);
  const across = decades(points.map(({ x }) => x));
  const up = decades(points.map(({ y }) => y));
  const scale = (ticks: readonly number[], from: number, to: number) => {
    const [low, high] = [Math.log10(ticks[0] ?? 1), Math.log10(ticks.at(-1) ?? 10)];
    return (value: number) => Math.round(from + ((Math.log10(value) - low) / (high - low)) * (to - from));
  };
  const [left, right, top, bottom] = [MARGIN.left, WIDTH - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const x = scale(across, left, right);
  const y = scale(up, bottom, top);
  const text = (at: number, on: number, anchor: string, said: string) =>
    `<text x="${at}" y="${on}" text-anchor="${anchor}">${escaped(said)}</text>`;
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#dee2e6"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13" fill="#212529">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${left}" y="26" font-size="15">${escaped(title)}</text>`,
    ...across.flatMap((tick) => [
      line(x(tick), top, x(tick), bottom),
      text(x(tick), bottom + 20, 'middle', count(tick)),
    ]),
    ...up.flatMap((tick) => [
      line(left, y(tick), right, y(tick)),
      text(left - 8, y(tick) + 4, 'end', `${count(tick)} ms`),
    ]),
    text((left + right) / 2, HEIGHT - 8, 'middle', 'devices in the store'),
    ...series.flatMap(({ name, points: own }, index) => {
      const color = COLORS[index % COLORS.length];
      const path = own.map((point) => `${x(point.x)},${y(point.y)}`).join(' ');
      return [
        `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
        ...own.map((point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="4" fill="${color}"/>`),
        `<rect x="${right + 16}" y="${top + index * 22 - 9}" width="10" height="10" fill="${color}"/>`,
        text(right + 32, top + index * 22, 'start', name),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}
