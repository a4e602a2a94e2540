/** List of the data that the agent reports about the device, for its user. */
import type { InventoryState } from '../../shared/inventory/report.ts';
import { type MissingReason, SECTION_TEXTS, SECTIONS, type Section } from '../../shared/inventory/sections.ts';
import type { ReceivedQuery } from '../work/query/answer-query.ts';
import type { CollectionSettings } from './collection-settings.ts';

export interface PrivacySection {
  readonly section: Section;
  readonly title: string;
  readonly meaning: string;
  /**
   * `reported`: the server has the values or gets them. `answers`: the agent reads the values only for live queries. `waiting`: the user
   * must see the section first. Otherwise: the reason why the values are missing.
   */
  readonly state: 'reported' | 'waiting' | 'answers' | MissingReason;
  /** Time at which the section was switched on or added after the first report; null if it was on from the start. */
  readonly widenedAt: number | null;
  readonly values: unknown;
}

export interface PrivacyView {
  readonly sections: readonly PrivacySection[];
  readonly changedAt: number | null;
}

/**
 * Builds the view of collected data for the user. `settings`: null before the first connection. `state`: the newest collected or
 * acknowledged state. `queries`: live queries that the device has received, newest first.
 */
export function privacyView(
  settings: CollectionSettings | null,
  state: InventoryState | null,
  queries: readonly ReceivedQuery[],
): PrivacyView {
  const sections = SECTIONS.map((section): PrivacySection => {
    const widening = settings?.widened.findLast((each) => each.section === section);
    if (section === 'queries') return queriesSection(settings, queries);
    const values = section === 'software' ? state?.software : state?.sections[section];
    const isHidden = settings?.off.includes(section) || (widening !== undefined && widening.displayedAt === null);
    const reason = settings?.off.includes(section) ? 'off' : isHidden ? 'not-displayed' : state?.missing[section];
    return {
      section,
      ...SECTION_TEXTS[section],
      state: reason ?? (state === null ? 'waiting' : 'reported'),
      widenedAt: widening?.at ?? null,
      values: reason === undefined ? (values ?? null) : null,
    };
  });
  return { sections, changedAt: settings?.changedAt ?? null };
}

/** The list of received queries stays visible when the organization switches live queries off. */
function queriesSection(settings: CollectionSettings | null, queries: readonly ReceivedQuery[]): PrivacySection {
  const widening = settings?.widened.findLast(({ section }) => section === 'queries');
  const isOff = settings?.off.includes('queries') === true;
  const isUndisplayed = widening !== undefined && widening.displayedAt === null;
  const on = settings === null ? 'waiting' : 'answers';
  return {
    section: 'queries',
    ...SECTION_TEXTS.queries,
    state: isOff ? 'off' : isUndisplayed ? 'not-displayed' : on,
    widenedAt: widening?.at ?? null,
    values: queries.map(({ at, asked, answered }) => ({
      at: new Date(at).toISOString(),
      asked: answered ? asked : `${asked} (not answered)`,
    })),
  };
}
