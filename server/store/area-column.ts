/** Areas on their way out of the store. */
import type { AreaCode } from '../../shared/areas/area-code.ts';

/** What the store holds was parsed before it came in. */
export function areaOf(text: string | null): AreaCode | null {
  return text as AreaCode | null;
}
