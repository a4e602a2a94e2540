/** Refusals of the desk. Each refusal is stored and counted with its reason, and its entry is in the public ledger. */
import type { RefusalView } from '../../shared/api/disclosures.ts';
import { REFUSAL_WORDS, type RefusalReason, type RuleReason } from '../../shared/disclosure/refusal-reasons.ts';
import { CordonError, type ErrorCode } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { newRefusalId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { DisclosureStore, PagePosition, RefusalRow } from './ports.ts';

/** Error code of each reason. A reason without an error code does not compile. */
const CODE_OF: Readonly<Record<RuleReason, ErrorCode & `disclosure_${string}`>> = {
  subject_list: 'disclosure_subject_list',
  subject_wildcard: 'disclosure_subject_wildcard',
  subject_group: 'disclosure_subject_group',
  subject_range: 'disclosure_subject_range',
  subject_everyone: 'disclosure_subject_everyone',
  subject_empty: 'disclosure_subject_empty',
  account_unknown: 'disclosure_account_unknown',
  content: 'disclosure_content',
  keys: 'disclosure_keys',
  wholesale: 'disclosure_wholesale',
  future: 'disclosure_future',
  window_open: 'disclosure_window_open',
  window_too_long: 'disclosure_window_too_long',
  instrument_missing: 'disclosure_instrument_missing',
  instrument_used: 'disclosure_instrument_used',
  instrument_expired: 'disclosure_instrument_expired',
  authority_unverified: 'disclosure_authority_unverified',
};

export type RefusalFacts = Pick<
  RefusalRow,
  'reason' | 'source' | 'disclosure' | 'authority' | 'reference' | 'receivedOn' | 'note' | 'by'
>;

export function refusalError(reason: RuleReason, refusal: Pick<RefusalRow, 'id'>): CordonError {
  const { title, answer } = REFUSAL_WORDS[reason];
  const detail = `${title}. ${answer} The refusal is recorded as ${refusal.id}.`;
  return new CordonError(CODE_OF[reason], detail, { reason, refusal: refusal.id });
}

export function createRefusals({
  store,
  clock,
  keyInventory,
  changed,
}: {
  readonly store: Pick<DisclosureStore, 'refuse' | 'refusals' | 'names'>;
  readonly clock: Clock;
  /** Digest of the published key inventory. The answer to a demand for keys refers to it. */
  readonly keyInventory: () => string;
  readonly changed: () => void;
}) {
  async function record(facts: RefusalFacts): Promise<RefusalRow> {
    const at = clock.now();
    const row: RefusalRow = { ...facts, id: newRefusalId(), at, answer: answerTo(facts.reason, keyInventory) };
    await store.refuse(row, entryOf(row));
    changed();
    return row;
  }

  async function views(rows: readonly RefusalRow[]): Promise<RefusalView[]> {
    const names = await store.names(rows.map(({ by }) => by));
    return rows.map((row) => {
      const { by, ...facts } = row;
      return {
        ...facts,
        title: REFUSAL_WORDS[row.reason].title,
        by: { person: by, name: names.get(by) ?? by },
      };
    });
  }

  return {
    record,
    views,
    page: async (after: PagePosition | null, limit: number): Promise<RefusalView[]> =>
      views(await store.refusals(after, limit)),
  };
}

export type Refusals = ReturnType<typeof createRefusals>;

function answerTo(reason: RefusalReason, keyInventory: () => string): string {
  const { answer } = REFUSAL_WORDS[reason];
  if (reason !== 'keys' && reason !== 'wholesale') return answer;
  return `${answer} SHA-256 of the inventory at this time: ${keyInventory()}. The transparency report publishes it.`;
}

const entryOf = (row: RefusalRow): EntryDraft<'disclosure.refused'> => ({
  kind: 'disclosure.refused',
  at: row.at,
  subject: canonicalText({ ...row }),
  public: { refusal: row.id, reason: row.reason, ...(row.disclosure === null ? {} : { disclosure: row.disclosure }) },
});
