export const ZONES: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

/**
 * Type of the browser function `getTimeZones`, which only recent browsers have. In other browsers, the console suggests no time zone for an
 * order.
 */
interface LocaleZones {
  getTimeZones?: () => string[] | undefined;
}

/** Prefixes of area codes that do not mean a single country: groups, regions and polygons. */
const NO_COUNTRY = new Set(['EU', 'UN', 'XG', 'XZ']);

/**
 * Time zones of a country, or of the country of a subdivision (`US-CA`). Empty for a group of countries, or if the browser lacks the data.
 */
export function zonesOf(area: string): readonly string[] {
  const country = /^([A-Z]{2})(?:-|$)/.exec(area)?.[1];
  if (country === undefined || NO_COUNTRY.has(country)) return [];
  const locale: Intl.Locale & LocaleZones = new Intl.Locale(`und-${country}`);
  return (locale.getTimeZones?.() ?? []).filter((zone) => ZONES.includes(zone));
}

/** Common time zone of the areas; null if an area has several time zones or the areas differ. */
export function likelyZone(areas: readonly string[]): string | null {
  const zones = new Set(areas.flatMap(zonesOf));
  const [only] = zones;
  return zones.size === 1 && only !== undefined ? only : null;
}
