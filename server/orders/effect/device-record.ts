/**
 * Device record: private data about one device, which must not be in the public order list. When the data change, the server's online key
 * signs a new version of the record.
 */
import { canonicalText, encodeCanonical, parseDocument } from '../../../shared/order/canonical.ts';
import {
  type DeviceRecord,
  deviceRecordSchema,
  type Envelope,
  PAYLOAD_TYPES,
} from '../../../shared/order/documents.ts';
import { payloadOf, type Signer, signEnvelope } from '../../../shared/order/dsse.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { DevicePersonalia, RecordRow } from '../ports.ts';

function readRecord(envelope: Envelope): DeviceRecord {
  return parseDocument(deviceRecordSchema, payloadOf(envelope, PAYLOAD_TYPES.record));
}

/** Creates the next version of a device record. Returns null if the content of the current record has not changed. Pure. */
export function nextRecord(input: {
  readonly installation: string;
  readonly device: DeviceId;
  readonly personalia: DevicePersonalia;
  readonly salts: readonly { readonly order: string; readonly salt: string }[];
  readonly before: RecordRow | null;
  readonly floor: number;
  readonly now: Instant;
  readonly online: Signer;
}): RecordRow | null {
  const { installation, device, personalia, salts, before, floor, now, online } = input;
  const { generation, home, seat, group, statement, underLegalHold } = personalia;
  const holds = statement?.kind === 'presence' && statement.until > now;
  const body = {
    installation,
    device,
    generation,
    home,
    seat,
    group: group.name,
    exemptions: salts
      .map(({ order, salt }) => ({ order, salt }))
      .sort((a, b) => (`${a.order}${a.salt}` < `${b.order}${b.salt}` ? -1 : 1)),
    statement: holds
      ? {
          areas: [...statement.areas],
          at: new Date(statement.at).toISOString(),
          until: new Date(statement.until).toISOString(),
        }
      : null,
    ...(underLegalHold && { legalHold: true as const }),
  };
  if (before) {
    const { version: _version, issuedAt: _issuedAt, ...current } = readRecord(before.envelope);
    if (canonicalText(current) === canonicalText(body)) return null;
  }
  const version = (before?.version ?? floor) + 1;
  const record: DeviceRecord = { ...body, version, issuedAt: new Date(now).toISOString() };
  return { version, envelope: signEnvelope(PAYLOAD_TYPES.record, encodeCanonical(record), [online]) };
}
