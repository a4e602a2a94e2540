export const ZONES: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

/** Only the newest browsers have the function `getTimeZones`; in other browsers, the form suggests no zone. */
interface LocaleZones {
  getTimeZones?: () => string[] | undefined;
}

/** Prefixes of groups, regions and polygons. */
const NO_COUNTRY = new Set(['EU', 'UN', 'XG', 'XZ']);

/** Time zones of a country, also for a subdivision (`US-CA`). Empty for a group, or if the browser has no such data. */
export function zonesOf(area: string): readonly string[] {
  const country = /^([A-Z]{2})(?:-|$)/.exec(area)?.[1];
  if (country === undefined || NO_COUNTRY.has(country)) return [];
  const locale: Intl.Locale & LocaleZones = new Intl.Locale(`und-${country}`);
  return (locale.getTimeZones?.() ?? []).filter((zone) => ZONES.includes(zone));
}

/** The zone, if all areas have the same single zone; otherwise null. */
export function likelyZone(areas: readonly string[]): string | null {
  const zones = new Set(areas.flatMap(zonesOf));
  const [only] = zones;
  return zones.size === 1 && only !== undefined ? only : null;
}
