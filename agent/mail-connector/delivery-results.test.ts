/** Decisions of the delivery to devices: the meaning of a response, and the result of a delivery. */
import { expect, it } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import type { MailResponse } from '../../shared/protocol/mail-http.ts';
import type { Copy } from './connector-queue.ts';
import { afterHandOver, settledResult } from './inbound-delivery.ts';

const ORDER = {
  code: 'service_denied',
  detail: 'A court ordered the suspension of mail.',
  order: '2026-001',
  reasons: [],
  appeal: 'appeals@authority.example',
  by: 'recipient',
} as const;

const outcomes = (...given: MailResponse['recipients'][number]['outcome'][]): MailResponse => ({
  denial: null,
  recipients: given.map((outcome) => ({
    device: newDeviceId(),
    outcome,
    denial: outcome === 'refused' ? { ...ORDER, reasons: [] } : null,
  })),
});

it.each([
  [['stored'], 'handed'],
  [['held'], 'handed'],
  [['stored', 'refused'], 'handed'],
  [['full', 'held', 'unknown'], 'handed'],
  [['refused'], 'refused'],
  [['refused', 'unknown'], 'refused'],
  [['refused', 'full'], 'retry'],
  [['full'], 'retry'],
  [['unknown'], 'retry'],
] as const)('the response %s means %s', (given, expected) => {
  expect(afterHandOver(outcomes(...given)).type).toBe(expected);
});

const copies = (...states: Copy['state'][]): Copy[] =>
  states.map((state, index) => ({
    device: `d${index}`,
    state,
    denial: state === 'returned' ? { ...ORDER, reasons: [] } : null,
  }));

it.each([
  [['pending'], 'handed', null],
  [['pending', 'returned'], 'handed', null],
  [['delivered', 'pending'], 'handed', '2.0.0'],
  [['delivered', 'returned'], 'handed', '2.0.0'],
  [['delivered'], 'waiting', '2.0.0'],
  [['returned'], 'waiting', null],
  [['returned', 'ended'], 'handed', '5.7.0'],
  [['expired', 'ended'], 'handed', '4.4.7'],
  [['ended'], 'handed', '5.2.1'],
  [[], 'handed', null],
] as const)('copies %s of a %s delivery have the result %s', (states, state, expected) => {
  expect(settledResult(copies(...states), state)?.status ?? null).toBe(expected);
});
