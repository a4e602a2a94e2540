/** Whom somebody who may not enroll is told to turn to. */
import { expect, it } from 'vitest';
import { publicAppeal } from './newcomer-gate.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const appeal = 'the ministry';

it.each([
  ['a public order’s own', { appeal }, appeal],
  ['nobody, of one that a law keeps from the public', { appeal, publication: { law: 'a law' } }, null],
  ['nobody, before the day of publication', { appeal, publication: { until: '2026-01-01T00:00:00.001Z' } }, null],
  ['its own from that day on', { appeal, publication: { until: '2026-01-01T00:00:00.000Z' } }, appeal],
  ['nobody, of an order that nobody has adopted', null, null],
])('%s', (_, terms, told) => expect(publicAppeal(terms, NOW)).toBe(told));
