import { expect, it } from 'vitest';
import { particulars } from './entry-words.ts';

it('shows the stored particulars of an entry with readable labels and values', () => {
  const entry = { at: 0, subject: null } as const;
  const order = { order: '2026-001', revision: 1, action: 'propose', digest: 'ab'.repeat(32) };
  expect(particulars({ ...entry, kind: 'order.revision', public: order })).toBe(
    'order: 2026-001, revision: 1, action: proposal, SHA-256: abababababab…',
  );
  const certificate = { serial: '0f3a', reason: 5, notAfter: null };
  expect(particulars({ ...entry, kind: 'certificate.revoked', public: certificate })).toBe(
    'serial number: 0f3a, reason code: 5',
  );
});
