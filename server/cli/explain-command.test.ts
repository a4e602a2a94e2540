import { expect, it } from 'vitest';
import type { Explanation } from '../../shared/api/explanation.ts';
import { deviceIdSchema, groupIdSchema } from '../../shared/protocol/ids.ts';
import { explanationLines } from './explain-command.ts';

const AT = Date.parse('2026-10-02T10:30:00Z');
const allowed = { allowed: true, denials: [], reasons: ['no_order' as const] };
const denied = {
  allowed: false,
  denials: [{ order: '2026-001', revision: 2, reasons: ['present' as const, 'exemption_over' as const] }],
  reasons: ['present' as const, 'exemption_over' as const],
};
const EXPLANATION: Explanation = {
  device: deviceIdSchema.parse('dev_aaaaaaaaaaaaaaaa'),
  at: AT,
  generation: 1,
  status: 'active',
  home: null,
  homeBy: null,
  seat: null,
  evidenceFrom: null,
  group: { id: groupIdSchema.parse('grp_aaaaaaaaaaaaaaaa'), name: 'all' },
  location: { certainty: 'probable', areas: ['PK'], source: 'address', disagree: [], network: null },
  sources: [
    {
      source: 'address',
      areas: ['PK'],
      at: AT,
      since: AT,
      until: null,
      fresh: true,
      detail: '5.5.5.1',
      database: { hash: 'a'.repeat(64), name: 'june\u202e.mmdb', builtAt: Date.parse('2026-06-17T00:00:00Z') },
    },
  ],
  observations: [],
  services: { enrollment: allowed, management: allowed, messaging: denied, mail: allowed },
  orders: [
    {
      order: '2026-001',
      revision: 2,
      title: 'Pakistan',
      state: 'active',
      adoptedAt: AT,
      effective: AT,
      until: null,
      services: ['messaging'],
      denies: true,
      reasons: ['present', 'exemption_over'],
      arrival: null,
      exemptUntil: AT,
      receipts: [],
    },
  ],
  nextChange: null,
};

it('names the IP database that located an address', () => {
  const line = explanationLines(EXPLANATION).find((one) => one.includes('5.5.5.1'));
  expect(line).toContain('PK (5.5.5.1, located by june\ufffd.mmdb of 2026-06-17, SHA-256 aaaaaaaaaaaa…), since');
});

it.each([
  ['ended', AT],
  ['ends', AT + 1],
])('shows when an exemption %s, and the effect on services', (word, exemptUntil) => {
  const lines = explanationLines({
    ...EXPLANATION,
    orders: EXPLANATION.orders.map((order) => ({ ...order, exemptUntil })),
  });
  expect(lines).toContain(`    The device's exemption ${word} on ${new Date(exemptUntil).toISOString()}.`);
  expect(lines.some((line) => /^ {2}mail +allowed/.test(line))).toBe(true);
  expect(lines.find((line) => /messaging +denied/.test(line))).toContain(
    'by order 2026-001.2: The device is in the area. The device’s exemption from the order has ended.',
  );
});
