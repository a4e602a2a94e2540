/**
 * Flame graph of a CPU profile as SVG: each box is a function, and its width is the function's share of the CPU time, with the functions that
 * it calls below it. Boxes that are narrower than `NARROWEST` are left out. Idle time is not drawn.
 */
import { nameOf, ownTimes, type Profile, type ProfileNode } from './profile.ts';

const WIDTH = 1200;
const ROW = 18;
const TOP = 60;
/** Width of the narrowest box in pixels. */
const NARROWEST = 3;
/** Average width of a character in pixels, to cut names that do not fit. */
const CHARACTER = 6.2;

const COLORS: readonly (readonly [name: string, color: string, matches: (url: string) => boolean])[] = [
  ['Cordon', '#74c0fc', (url) => url.startsWith('file:') && !url.includes('/node_modules/')],
  ['packages', '#b2f2bb', (url) => url.includes('/node_modules/')],
  ['Node', '#ffd8a8', (url) => url.startsWith('node:')],
  ['native code', '#dee2e6', () => true],
];
const colorOf = (url: string): string => COLORS.find(([, , matches]) => matches(url))?.[1] ?? '';

interface Box {
  readonly name: string;
  readonly url: string;
  /** Microseconds in the function and in the functions that it calls. */
  time: number;
  readonly callees: Map<string, Box>;
}

const boxOf = (name: string, url: string): Box => ({ name, url, time: 0, callees: new Map() });

/** Adds up the profile's calls: one box for all calls of a function from the same stack of callers. */
function boxesOf(profile: Profile): Box {
  const own = ownTimes(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const add = (node: ProfileNode, into: Box): number => {
    const { functionName, url } = node.callFrame;
    if (functionName === '(idle)') return 0;
    const name = nameOf(node);
    const box = functionName === '(root)' ? into : (into.callees.get(name) ?? boxOf(name, url));
    if (box !== into) into.callees.set(name, box);
    let time = own.get(node.id) ?? 0;
    for (const id of node.children ?? []) {
      const callee = nodes.get(id);
      if (callee) time += add(callee, box);
    }
    if (box !== into) box.time += time;
    return time;
  };
  const root = boxOf('', '');
  const [first] = profile.nodes;
  if (first) root.time = add(first, root);
  return root;
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

export function flameGraph(title: string, profile: Profile): string {
  const root = boxesOf(profile);
  const drawn: string[] = [];
  let deepest = 0;
  const draw = (boxes: Iterable<Box>, left: number, depth: number): void => {
    let x = left;
    for (const box of [...boxes].sort((one, other) => other.time - one.time)) {
      const width = (box.time / root.time) * WIDTH;
      if (width < NARROWEST) return;
      deepest = Math.max(deepest, depth);
      const y = TOP + depth * ROW;
      const share = `${((box.time / root.time) * 100).toFixed(1)} %`;
      const room = Math.floor((width - 6) / CHARACTER);
      const label = room < 4 ? '' : escaped(box.name.slice(0, room));
      drawn.push(
        `<g><title>${escaped(box.name)}: ${share}</title><rect x="${x.toFixed(1)}" y="${y}" width="${(width - 0.5).toFixed(1)}" height="${ROW - 1}" fill="${colorOf(box.url)}"/>`,
        `<text x="${(x + 3).toFixed(1)}" y="${y + 13}">${label}</text></g>`,
      );
      draw(box.callees.values(), x, depth + 1);
      x += width;
    }
  };
  draw(root.callees.values(), 0, 0);
  const height = TOP + (deepest + 1) * ROW + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11" fill="#212529">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="3" y="20" font-size="15">${escaped(title)}</text>`,
    ...COLORS.flatMap(([name, color], index) => [
      `<rect x="${3 + index * 110}" y="34" width="12" height="12" fill="${color}"/>`,
      `<text x="${20 + index * 110}" y="44">${name}</text>`,
    ]),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}
