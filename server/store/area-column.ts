import type { HomeArea } from '../../shared/areas/area-code.ts';

/** Does not validate the area: the store contains only validated areas. */
export function areaOf(text: string | null): HomeArea | null {
  return text as HomeArea | null;
}
