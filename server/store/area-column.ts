import type { HomeArea } from '../../shared/areas/area-code.ts';

/** Does not validate the area, because the server validated it before the store wrote it. */
export function areaOf(text: string | null): HomeArea | null {
  return text as HomeArea | null;
}
