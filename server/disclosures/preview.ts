/**
 * Preview of the lines that a request would produce, for its possible approvers. The server counts each preview and enters it into the
 * ledger before it reads the lines.
 */
import type { ProductionPreview } from '../../shared/api/disclosures.ts';
import { RECORD_TYPE_FACTS } from '../../shared/disclosure/record-types.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { READING_WINDOW } from '../reading-limit.ts';
import { readText } from './disclosure-text.ts';
import type { DisclosureRecord, DisclosureStore, LegalPeople, PersonRecords } from './ports.ts';
import { requirePreviewLimit, requireReader } from './preview-decision.ts';
import { encodeLines, linesOf, requireOpen } from './production.ts';
import { newestOf } from './request-views.ts';

export interface PreviewPorts {
  readonly store: Pick<DisclosureStore, 'previewed' | 'preview'>;
  readonly records: PersonRecords;
  readonly legal: Pick<LegalPeople, 'people'>;
  readonly clock: Clock;
}

export function createPreview({ store, records, legal, clock }: PreviewPorts) {
  return {
    /**
     * Counts and records a preview. Runs one at a time, because simultaneous previews could otherwise exceed the limit. Throws
     * `disclosure_already_produced`, `disclosure_closed`, `same_person` or `disclosure_preview_limit`.
     */
    async admit({ row, versions }: DisclosureRecord, by: PersonId): Promise<void> {
      requireOpen(row.state);
      const people = await legal.people();
      const drafters = versions.map(({ draftedBy }) => draftedBy);
      requireReader(by, drafters, people);
      const at = clock.now();
      const since = at - READING_WINDOW;
      const viewer = people.canonical(by);
      requirePreviewLimit(await store.previewed(viewer, since), row.person, at);
      const version = newestOf(versions);
      await store.preview({ viewer, person: row.person, at }, since, {
        kind: 'disclosure.previewed',
        at,
        subject: canonicalText({ by, digest: version.digest }),
        public: { disclosure: row.id, version: version.version },
      });
    },

    async read(
      { versions }: DisclosureRecord,
      { offset, limit }: { readonly offset: number; readonly limit: number },
    ): Promise<ProductionPreview> {
      const version = newestOf(versions);
      const text = readText(version);
      const lines = await linesOf(records, text);
      return {
        version: version.version,
        digest: sha256(encodeLines(lines)),
        total: lines.length,
        lines: lines.slice(offset, offset + limit),
        records: text.records.map((record) => {
          const { title, exists, kept } = RECORD_TYPE_FACTS[record];
          return { record, title, exists, kept, lines: lines.filter((line) => line.record === record).length };
        }),
      };
    },
  };
}
