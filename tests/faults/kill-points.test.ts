import { expect, it } from 'vitest';
import { parseTimeline } from '../replay/timeline.ts';
import { drawKillPoints, type KillPoint } from './kill-points.ts';

const { steps } = parseTimeline(
  JSON.stringify({
    name: 't',
    about: '',
    zone: 'UTC',
    fleet: ['a', 'b'].map((label) => ({ label, count: 1, home: 'PK' })),
    steps: [
      { at: '2015-01-01T00:00', do: 'send', from: 'a', to: 'b', text: 'one' },
      { at: '2015-01-01T00:00', do: 'send', from: 'b', to: 'a', text: 'two' },
    ],
  }),
);
const writing = (names: readonly string[]) =>
  steps.map((step) => ({ step, by: new Map(['server', 'a', 'b'].map((who) => [who, names] as const)) }));
const names = ['insert post', 'commit of insert post', 'insert post', 'insert receipt', 'insert nothing of the kind'];
const draw = (seed: string, written = names) => drawKillPoints(seed, 4, writing(written), new Set());

it('draws the same points for the same seed, and includes every process and every moment', () => {
  expect(draw('1')).toEqual(draw('1'));
  expect(draw('1')).not.toEqual(draw('2'));
  const points = draw('1');
  expect(points.map(({ step }) => step)).toEqual(points.map(({ step }) => step).sort());
  expect(new Set(points.map(({ who }) => who))).toEqual(new Set(['server', 'a', 'b']));
  expect(new Set(points.map(({ moment }) => moment))).toEqual(new Set(['a message is in transit', 'receipts arrive']));
  expect(new Set(points.map(({ step, who }) => `${step} ${who}`)).size).toBe(4);
});

it('keeps the points of the other processes when one process makes an additional write', () => {
  const [first, ...rest] = writing(names);
  const more = [{ ...first!, by: new Map([...first!.by, ['server', [...names, 'insert post']]]) }, ...rest];
  const points = drawKillPoints('1', 4, more, new Set());
  const others = (all: readonly KillPoint[]) => all.filter(({ who }) => who !== 'server');
  expect(others(points)).toEqual(others(draw('1')));
});

it('returns all points when there are fewer than requested', () => {
  expect(drawKillPoints('1', 100, writing(['insert post']), new Set())).toHaveLength(6);
});
