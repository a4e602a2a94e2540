import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseHomeArea } from '../../../shared/areas/area-code.ts';
import { signerOf } from '../../../shared/order/dsse.ts';
import { newDeviceId } from '../../../shared/protocol/ids.ts';
import type { DevicePersonalia, RecordRow } from '../ports.ts';
import { nextRecord } from './device-record.ts';

const NOW = 1_447_200_000_000;
const online = signerOf(generateKeyPairSync('ed25519').privateKey);
const device = newDeviceId();
const PK = parseHomeArea('PK');

function record(
  statement: DevicePersonalia['statement'],
  now = NOW,
  before: RecordRow | null = null,
  underLegalHold = false,
  mailPrograms = false,
) {
  const personalia = {
    generation: 1,
    home: PK,
    seat: null,
    group: { name: 'g', mailPrograms },
    statement,
    underLegalHold,
  };
  return nextRecord({ installation: 'test', device, personalia, salts: [], before, floor: 0, now, online });
}
const read = (row: RecordRow | null) => row && JSON.parse(Buffer.from(row.envelope.payload, 'base64').toString());

it('contains a statement about presence while it is valid, and gets a new version after its end', () => {
  const statement = { kind: 'presence', areas: [PK], at: NOW - 1, until: NOW + 1 } as const;
  const stated = record(statement);
  expect(read(stated).statement).toMatchObject({ areas: ['PK'], until: new Date(NOW + 1).toISOString() });
  expect(record(statement, NOW, stated)).toBeNull();
  expect(read(record(statement, NOW + 1, stated))).toMatchObject({ version: 2, statement: null });
});

it('contains a statement about the home only as the home area, because it is no evidence of presence', () => {
  const stated = record({ kind: 'home', areas: [PK], at: NOW - 1, until: NOW + 1 });
  expect(read(stated)).toMatchObject({ home: 'PK', statement: null });
});

it('states that other mail programs are allowed only while they are, and is otherwise the same document', () => {
  const none = record(null);
  expect(read(none)).not.toHaveProperty('mailPrograms');
  const allowed = record(null, NOW, none, false, true);
  expect(read(allowed)).toMatchObject({ version: 2, mailPrograms: true });
  expect(record(null, NOW, allowed, false, true)).toBeNull();
  expect(read(record(null, NOW, allowed))).toEqual({ ...read(none), version: 3 });
});

it('states a legal hold only while the hold is active', () => {
  const free = record(null);
  expect(read(free)).not.toHaveProperty('hold');
  const underHold = record(null, NOW, free, true);
  expect(read(underHold)).toMatchObject({ version: 2, legalHold: true });
  expect(record(null, NOW, underHold, true)).toBeNull();
  expect(read(record(null, NOW, underHold))).not.toHaveProperty('hold');
});
