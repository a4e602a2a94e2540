/** Time zones to choose from, and the one in which an area's orders are likely to speak. */

export const ZONES: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

/** In the newest browsers only; without it nothing is suggested. */
interface LocaleZones {
  getTimeZones?: () => string[] | undefined;
}

/** How groups, regions and polygons begin. */
const NO_COUNTRY = new Set(['EU', 'UN', 'XG', 'XZ']);

/** The zones of a country (`PK`, `US-CA` → those of the US); none for groups and where the browser does not know. */
export function zonesOf(area: string): readonly string[] {
  const country = /^([A-Z]{2})(?:-|$)/.exec(area)?.[1];
  if (country === undefined || NO_COUNTRY.has(country)) return [];
  const locale: Intl.Locale & LocaleZones = new Intl.Locale(`und-${country}`);
  return (locale.getTimeZones?.() ?? []).filter((zone) => ZONES.includes(zone));
}

/** Where all areas agree on one zone; null otherwise. */
export function likelyZone(areas: readonly string[]): string | null {
  const zones = new Set(areas.flatMap(zonesOf));
  const [only] = zones;
  return zones.size === 1 && only !== undefined ? only : null;
}
