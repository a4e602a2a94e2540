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

interface RecordInput {
  readonly installation: string;
  readonly device: DeviceId;
  readonly personalia: DevicePersonalia;
  readonly salts: readonly { readonly order: string; readonly salt: string }[];
  /**
   * Lower bound for versions: each new version of the record must be higher. The bound is 0, or a higher number after a restore from a
   * backup.
   */
  readonly floor: number;
  readonly now: Instant;
  readonly online: Signer;
}

type Content = Omit<DeviceRecord, 'version' | 'issuedAt'>;

/** Creates the first version of a device record. The function is pure. */
export function firstRecord(input: RecordInput): RecordRow {
  return sign(contentOf(input), input.floor + 1, input);
}

/** Creates the next version of a device record. Returns null if the content of the current record has not changed. The function is pure. */
export function nextRecord(input: RecordInput & { readonly before: RecordRow | null }): RecordRow | null {
  const { before } = input;
  if (!before) return firstRecord(input);
  const content = contentOf(input);
  const { version: _version, issuedAt: _issuedAt, ...current } = readRecord(before.envelope);
  return canonicalText(current) === canonicalText(content) ? null : sign(content, before.version + 1, input);
}

function sign(content: Content, version: number, { now, online }: Pick<RecordInput, 'now' | 'online'>): RecordRow {
  const record: DeviceRecord = { ...content, version, issuedAt: new Date(now).toISOString() };
  return { version, envelope: signEnvelope(PAYLOAD_TYPES.record, encodeCanonical(record), [online]) };
}

function contentOf({ installation, device, personalia, salts, now }: RecordInput): Content {
  const { generation, home, seat, group, statement, underLegalHold } = personalia;
  const holds = statement?.kind === 'presence' && statement.until > now;
  return {
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
    ...(group.mailPrograms && { mailPrograms: true as const }),
  };
}
