import { expect, it } from 'vitest';
import { blockedBy } from './problems.ts';

const PAGE = 'https://service.example/transparency#order-{order}';
const context = { orders: ['2015-001', '2015-004'] };

it.each([
  [
    'each order’s own place',
    { status: 451, context },
    PAGE,
    ['2015-001', '2015-004'].map((order) => `#order-${order}`),
  ],
  ['one page for all', { status: 451, context }, 'https://operator.example/', ['operator.example/']],
  ['the page alone, of a refusal that names none', { status: 451 }, PAGE, ['transparency#order-']],
  ['nothing where the operator has said nothing', { status: 451, context }, null, []],
  ['nothing beside any other refusal', { status: 403, context }, PAGE, []],
])('who blocks: %s', (_, problem, url, ends) => {
  const links = (blockedBy(problem, url)['Link'] ?? '').split(', ').filter(Boolean);
  expect(links).toEqual(ends.map((end) => expect.stringMatching(new RegExp(`^<https://.*${end}>; rel="blocked-by"$`))));
});
