/** Tables of the disclosure desk and of the personal records that it can produce. `schema/disclosures.ts` says what the columns mean. */
import type { Table } from '../create-tables.ts';

export const DISCLOSURES: Readonly<Record<string, Table>> = {
  connection_log: {
    columns: 'person_id text, day_end int, id text, sealed text',
    key: 'person_id, day_end, id',
    indexes: ['day_end'],
    byKey: true,
  },
  enrollment_records: {
    columns: 'person_id text, device_id text, generation int, enrolled_at int, sealed text',
    key: 'person_id, device_id, generation',
    indexes: ['enrolled_at', 'device_id, generation'],
    byKey: true,
  },
  authorities: {
    columns: `id text, name text, recipient text, fingerprint text, added_by text, added_at int, added_how text,
      confirmed_by text?, confirmed_at int?, confirmed_how text?, revoked_by text?, revoked_at int?, revoked_why text?`,
    key: 'id',
  },
  disclosures: {
    columns: `id text, state text, person_id text, authority_id text, reference text, document_sha256 text,
      received_at int, version int, produced_at int?, produced_by text?, sealed_sha256 text?, sealed_bytes int?,
      lines int?, sealed text?, notice_due int?, notified_at int?`,
    key: 'id',
    unique: ['authority_id, reference', 'document_sha256'],
    references: { authority_id: 'authorities(id)' },
    indexes: ['received_at, id'],
  },
  disclosure_versions: {
    columns: `disclosure_id text, version int, payload text, digest text, drafted_by text, drafted_at int, note text?`,
    key: 'disclosure_id, version',
    references: { disclosure_id: 'disclosures(id)' },
  },
  disclosure_approvals: {
    columns:
      'disclosure_id text, version int, person_id text, keyid text, public_key text, rp_id text?, sig text, at int',
    key: 'disclosure_id, version, person_id',
    references: { disclosure_id: 'disclosures(id)' },
  },
  disclosure_refusals: {
    columns: `id text, at int, reason text, answer text, source text, disclosure_id text?, authority text?,
      reference text?, received_on text?, note text?, recorded_by text`,
    key: 'id',
    indexes: ['at, id', 'disclosure_id'],
  },
  disclosure_previews: {
    columns: 'viewer_id text, person_id text, at int',
    key: 'viewer_id, person_id',
    indexes: ['at'],
    byKey: true,
  },
  transparency_statements: {
    columns: `digest text, payload text, state text, proposed_at int, adopted_at int?, expires_at int, entry_id int?`,
    key: 'digest',
  },
  transparency_signatures: {
    columns: 'digest text, person_id text, keyid text, public_key text, rp_id text?, sig text, at int',
    key: 'digest, keyid',
    references: { digest: 'transparency_statements(digest)' },
  },
};
