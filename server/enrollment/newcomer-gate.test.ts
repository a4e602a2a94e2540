/** Contact for an appeal that a refused enrollment names. */
import { expect, it } from 'vitest';
import { publicAppeal } from './newcomer-gate.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const appeal = 'the ministry';

it.each([
  ['contact of a public order', { appeal }, appeal],
  ['no contact of an order that a law keeps from publication', { appeal, publication: { law: 'a law' } }, null],
  ['no contact before the time of publication', { appeal, publication: { until: '2026-01-01T00:00:00.001Z' } }, null],
  ['contact of the order from that time on', { appeal, publication: { until: '2026-01-01T00:00:00.000Z' } }, appeal],
  ['no contact of an order that is not adopted', null, null],
])('%s', (_, terms, contact) => expect(publicAppeal(terms, NOW)).toBe(contact));
