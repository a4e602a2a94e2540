/** How dark an area is on the map: five steps, each for about as many times more devices, so that one large country does not make all others white. */

export const SHADES = 5;

/** 0 for none, else 1 to `SHADES`. `most`: the fullest area's count. */
export function shadeOf(devices: number, most: number): number {
  if (devices <= 0) return 0;
  if (most <= 1) return SHADES;
  return Math.max(1, Math.ceil((Math.log(devices + 1) / Math.log(most + 1)) * SHADES));
}

/** The count at which each shade begins, for the legend; ascending, without the shades that no count has. */
export function shadeBounds(most: number): { readonly shade: number; readonly from: number }[] {
  return Array.from({ length: SHADES }, (_, step) => {
    const from = Math.floor((Math.max(1, most) + 1) ** (step / SHADES));
    return { shade: shadeOf(from, most), from };
  }).filter(({ shade }, index, all) => shade !== all[index - 1]?.shade);
}
