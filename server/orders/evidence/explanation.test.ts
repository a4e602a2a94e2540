import { expect, it } from 'vitest';
import { parseHomeArea } from '../../../shared/areas/area-code.ts';
import { commitmentOf, newSalt } from '../../../shared/order/exemption.ts';
import { newDeviceId, newGroupId } from '../../../shared/protocol/ids.ts';
import { emptyLocation, observe } from '../../../shared/verdict/locate.ts';
import { INSTALLATION, NOW, TERMS } from '../../../tests/support/signed-documents.ts';
import { explain } from './explanation.ts';

const HOUR = 3_600_000;
const PK = parseHomeArea('PK');
const device = newDeviceId();
const salt = newSalt();
const commitment = commitmentOf(salt, device);

/** An order that is active from NOW and exempts the device for three hours. The device is always present in its area. */
function explanationAt(at: number, order: object = {}) {
  const effective = new Date(NOW).toISOString();
  return explain({
    device,
    past: {
      at,
      generation: 1,
      status: 'active',
      group: { id: newGroupId(), name: 'g' },
      home: null,
      homeBy: null,
      seat: null,
      location: observe(emptyLocation(), { source: 'network', areas: [PK], at: NOW }),
      evidence: [],
      evidenceFrom: null,
    },
    accepted: [
      {
        digest: '',
        permanentPause: false,
        adoptedAt: NOW,
        envelope: { payloadType: '', payload: '', signatures: [] },
        revision: {
          installation: INSTALLATION,
          order: '2015-001',
          revision: 1,
          previous: null,
          action: 'propose',
          proposer: 'p',
          proposedAt: effective,
          status: 'active',
          pausedSince: null,
          terms: { ...TERMS, effective, ...order },
          exempt: [{ commitment, until: new Date(NOW + 3 * HOUR).toISOString() }],
        },
      },
    ],
    exemptions: [{ order: '2015-001', device, salt, commitment, until: null, reason: null }],
    receipts: [],
    now: NOW,
  });
}

it('applies an exemption until its end, and states the end', () => {
  const [exempt, last, over] = [
    explanationAt(NOW + HOUR),
    explanationAt(NOW + 3 * HOUR - 1),
    explanationAt(NOW + 3 * HOUR),
  ];
  expect(exempt.orders).toMatchObject([
    { denies: false, exemptUntil: NOW + 3 * HOUR, reasons: ['present', 'network', 'exempt'] },
  ]);
  expect(exempt.nextChange).toBe(NOW + 3 * HOUR);
  expect(last.services.mail.allowed).toBe(true);
  expect(over.services.mail).toMatchObject({
    allowed: false,
    denials: [{ order: '2015-001', reasons: ['present', 'network', 'exemption_over'] }],
  });
  expect(over.orders).toMatchObject([{ denies: true, exemptUntil: NOW + 3 * HOUR }]);
});

it('shows ended and announced orders with their hypothetical verdict, and omits unrelated orders', () => {
  const until = new Date(NOW + 4 * HOUR).toISOString();
  const effective = new Date(NOW + 10 * HOUR).toISOString();
  expect(explanationAt(NOW + 5 * HOUR, { until }).orders).toMatchObject([
    { state: 'ended', denies: false, reasons: ['present', 'network', 'exemption_over'] },
  ]);
  expect(explanationAt(NOW + 5 * HOUR, { effective }).orders).toMatchObject([
    { state: 'announced', denies: false, effective: NOW + 10 * HOUR },
  ]);
  expect(explanationAt(NOW + 5 * HOUR, { effective }).services.mail.reasons).toEqual(['no_order']);
  expect(explanationAt(NOW + 5 * HOUR, { areas: ['DE'] }).orders).toEqual([]);
});
