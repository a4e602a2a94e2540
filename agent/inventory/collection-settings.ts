/**
 * Sections that the agent may report. The organization can switch sections off. A section that is switched on again, or that a new version
 * of the agent adds, is reported only after the device has displayed this to its user.
 */
import { OPTIONAL_SECTIONS, SECTIONS, type Section } from '../../shared/inventory/sections.ts';

export interface Widening {
  readonly section: Section;
  /** Time at which the agent learned of the change, by the machine's clock. */
  readonly at: number;
  /** Time at which the device displayed the change to the user; null if it has not. */
  readonly displayedAt: number | null;
}

export interface CollectionSettings {
  readonly off: readonly Section[];
  /** Sections that the agent's version knew when it stored the settings. */
  readonly known: readonly Section[];
  /** Sections that were switched on or added after the first settings, newest last. */
  readonly widened: readonly Widening[];
  /** Time of the newest change of `off`, by the machine's clock; null if it has not changed since the enrollment. */
  readonly changedAt: number | null;
}

/**
 * Computes the settings after the server's list of switched-off sections arrived. The first list after an enrollment only sets the start:
 * no section counts as widened, because the user has not been told of any settings before.
 */
export function nextSettings(
  stored: CollectionSettings | null,
  off: readonly Section[],
  now: number,
): CollectionSettings {
  const switchedOff: readonly Section[] = OPTIONAL_SECTIONS.filter((section) => off.includes(section));
  if (stored === null) return { off: switchedOff, known: SECTIONS, widened: [], changedAt: null };
  const wasOff = (section: Section) => stored.off.includes(section) || !stored.known.includes(section);
  const added = SECTIONS.filter((section) => wasOff(section) && !switchedOff.includes(section));
  const kept = stored.widened.filter(({ section }) => !switchedOff.includes(section) && !added.includes(section));
  const widened = [...kept, ...added.map((section) => ({ section, at: now, displayedAt: null }))];
  const isChanged = added.length > 0 || switchedOff.some((section) => !stored.off.includes(section));
  return { off: switchedOff, known: SECTIONS, widened, changedAt: isChanged ? now : stored.changedAt };
}

export const undisplayed = ({ widened }: CollectionSettings): readonly Section[] =>
  widened.filter(({ displayedAt }) => displayedAt === null).map(({ section }) => section);

/** Sections that the agent collects and reports now. */
export function reportedSections(settings: CollectionSettings): ReadonlySet<Section> {
  const hidden = new Set([...settings.off, ...undisplayed(settings)]);
  return new Set(SECTIONS.filter((section) => !hidden.has(section)));
}

export const markDisplayed = (settings: CollectionSettings, now: number): CollectionSettings => ({
  ...settings,
  widened: settings.widened.map((each) => (each.displayedAt === null ? { ...each, displayedAt: now } : each)),
});
