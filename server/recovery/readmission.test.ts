import { describe, expect, it } from 'vitest';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import { judgeReadmission, type KnownFacts, obstacleTo, type Presented } from './readmission.ts';

const POINT = Date.parse('2026-11-27T12:00:00.000Z');
const DAY = 86_400_000;
const presented: Presented = {
  serial: '40ab',
  device: deviceIdSchema.parse('dev_aaaaaaaaaaaaaaaa'),
  generation: 1,
  notBefore: POINT + DAY,
  notAfter: POINT + 60 * DAY,
};
const nothing: KnownFacts = { revokedAt: null, published: false, enrolled: null, code: false };
const active = { generation: 1, active: true };

describe('a certificate that a restored store lacks', () => {
  it.each<[string, Partial<Presented>, Partial<KnownFacts>, string]>([
    ['of an unknown device', {}, {}, 'ask'],
    ['of an unknown device, published', {}, { published: true }, 'ask'],
    ['of a code in the backup, not published', {}, { code: true }, 'ask'],
    ['of a code in the backup, published', {}, { code: true, published: true }, 'enrollment'],
    ['renewed by a known device', {}, { enrolled: active }, 'renewal'],
    ['renewed by a device that the backup has as revoked', {}, { enrolled: { generation: 1, active: false } }, 'ask'],
    ['of a second enrollment', { generation: 2 }, { enrolled: active }, 'ask'],
    ['of a second enrollment, published', { generation: 2 }, { enrolled: active, published: true }, 'enrollment'],
    ['of an earlier enrollment', { generation: 1 }, { enrolled: { generation: 2, active: true } }, 'superseded'],
    [
      'of an earlier enrollment, published',
      {},
      { enrolled: { generation: 2, active: true }, published: true },
      'superseded',
    ],
    ['revoked after the backup', {}, { revokedAt: POINT + 1, published: true, enrolled: active }, 'revoked'],
    ['issued before the backup', { notBefore: POINT - 2 * DAY }, { enrolled: active }, 'older'],
    ['issued minutes before the backup', { notBefore: POINT - 60_000 }, { enrolled: active }, 'renewal'],
  ])('%s: %#', (_name, change, known, expected) => {
    expect(judgeReadmission({ ...presented, ...change }, { ...nothing, ...known }, POINT)).toBe(expected);
  });
});

describe('what keeps an admin from readmitting a certificate', () => {
  it.each<[string, Partial<KnownFacts>, number, string | null]>([
    ['nothing', {}, POINT + DAY, null],
    ['a revocation', { revokedAt: POINT + 1 }, POINT + DAY, 'revoked'],
    ['a newer enrollment', { enrolled: { generation: 2, active: true } }, POINT + DAY, 'superseded'],
    ['its expiry', {}, POINT + 61 * DAY, 'expired'],
    ['a revocation, although it has expired too', { revokedAt: POINT + 1 }, POINT + 61 * DAY, 'revoked'],
  ])('%s: %#', (_name, known, now, expected) => {
    expect(obstacleTo(presented, { ...nothing, ...known }, { recoveryPoint: POINT, now })).toBe(expected);
  });
});
