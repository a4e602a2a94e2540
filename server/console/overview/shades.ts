/** Five shades of the map on a logarithmic scale. On a linear scale, one country with many devices would make all other countries white. */

export const SHADES = 5;
/**
 * Tolerance for rounding errors of logarithms. The value is smaller than the difference between the logarithms of two neighboring numbers
 * of devices, so that no number gets a wrong shade.
 */
const ROUNDING = 1e-9;

/** Shade for a number of devices: 0 for no devices, otherwise 1 to `SHADES`. `most`: largest number of devices of any country. */
export function shadeOf(devices: number, most: number): number {
  if (devices <= 0) return 0;
  if (most <= 1) return SHADES;
  return Math.max(1, Math.ceil((Math.log(devices + 1) / Math.log(most + 1)) * SHADES - ROUNDING));
}

/**
 * Returns the range of device counts for each shade of color on the map, in ascending order. Omits shades that no count up to `most` has.
 * `to` is null for the last range.
 */
export function shadeRanges(
  most: number,
): { readonly shade: number; readonly from: number; readonly to: number | null }[] {
  const bounds = Array.from({ length: SHADES }, (_, step) => {
    const from = Math.floor((Math.max(1, most) + 1) ** (step / SHADES) + ROUNDING);
    return { shade: shadeOf(from, most), from };
  }).filter(({ shade }, index, all) => shade !== all[index - 1]?.shade);
  return bounds.map((bound, index) => {
    const next = bounds[index + 1];
    return { ...bound, to: next ? next.from - 1 : null };
  });
}
