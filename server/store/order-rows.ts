import { parseDocument } from '../../shared/order/canonical.ts';
import { PAYLOAD_TYPES, receiptSchema } from '../../shared/order/documents.ts';
import { parseEnvelope, payloadOf } from '../../shared/order/dsse.ts';
import { type DeviceId, deviceIdSchema, type PersonId, personIdSchema } from '../../shared/protocol/ids.ts';
import type { ExemptionRow, OrderRow, ReceiptRow, RevisionRow } from '../orders/ports.ts';
import type { Schema } from './schema.ts';

const person = (text: string): PersonId => personIdSchema.parse(text);
const device = (text: string): DeviceId => deviceIdSchema.parse(text);

export function orderRow(row: Schema['orders']): OrderRow {
  return {
    number: row.number,
    title: row.title,
    adoptedRevision: row.adopted_revision,
    revisionFloor: row.latest_revision,
    createdAt: row.created_at,
  };
}

export function withApprovals(
  rows: readonly Schema['order_revisions'][],
  approvals: readonly Schema['order_approvals'][],
): RevisionRow[] {
  const byRevision = Map.groupBy(approvals, (row) => `${row.order_number}/${row.revision}`);
  return rows
    .map((row) => ({
      order: row.order_number,
      revision: row.revision,
      action: row.action,
      payload: row.payload,
      digest: row.digest,
      proposer: person(row.proposer),
      state: row.state,
      proposedAt: row.proposed_at,
      adoptedAt: row.adopted_at,
      endedAt: row.ended_at,
      endedBy: row.ended_by === null ? null : person(row.ended_by),
      endReason: row.end_reason,
      listedIn: row.listed_in,
      approvals: (byRevision.get(`${row.order_number}/${row.revision}`) ?? [])
        .map((each) => ({
          person: person(each.person_id),
          keyid: each.keyid,
          signature: each.signature,
          stub: each.stub_signature,
          immediate: each.immediate_signature,
          approvedAt: each.approved_at,
        }))
        .sort((a, b) => a.approvedAt - b.approvedAt || (a.keyid < b.keyid ? -1 : 1)),
    }))
    .sort((a, b) => (a.order === b.order ? a.revision - b.revision : a.order < b.order ? -1 : 1));
}

export function exemptionRow(row: Schema['order_exemptions']): ExemptionRow {
  const { salt, commitment, until, reason } = row;
  return { device: device(row.device_id), salt, commitment, until, reason };
}

export function receiptRow(row: Schema['receipts']): ReceiptRow {
  const envelope = parseEnvelope(row.envelope);
  return {
    device: device(row.device_id),
    generation: row.generation,
    seq: row.seq,
    receipt: parseDocument(receiptSchema, payloadOf(envelope, PAYLOAD_TYPES.receipt)),
    storedAt: row.stored_at,
    envelope,
  };
}
