import type { HomeArea } from '../../shared/areas/area-code.ts';

/** Returns the area in a database column without validation, because the store contains only validated areas. */
export function areaOf(text: string | null): HomeArea | null {
  return text as HomeArea | null;
}
