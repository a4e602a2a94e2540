export const ZONES: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

/** Only recent browsers have the function `getTimeZones`. In other browsers, the form suggests no time zone. */
interface LocaleZones {
  getTimeZones?: () => string[] | undefined;
}

/** Prefixes of area codes that are no country: groups, regions and polygons. */
const NO_COUNTRY = new Set(['EU', 'UN', 'XG', 'XZ']);

/** Time zones of a country or of its subdivision (`US-CA`). Empty for a group of countries, or if the browser lacks this data. */
export function zonesOf(area: string): readonly string[] {
  const country = /^([A-Z]{2})(?:-|$)/.exec(area)?.[1];
  if (country === undefined || NO_COUNTRY.has(country)) return [];
  const locale: Intl.Locale & LocaleZones = new Intl.Locale(`und-${country}`);
  return (locale.getTimeZones?.() ?? []).filter((zone) => ZONES.includes(zone));
}

/** Time zone that all areas share, if each area has only this one; otherwise null. */
export function likelyZone(areas: readonly string[]): string | null {
  const zones = new Set(areas.flatMap(zonesOf));
  const [only] = zones;
  return zones.size === 1 && only !== undefined ? only : null;
}
