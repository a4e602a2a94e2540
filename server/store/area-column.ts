import type { HomeArea } from '../../shared/areas/area-code.ts';

/** The text is not parsed again, because the server parsed it before the store wrote it. */
export function areaOf(text: string | null): HomeArea | null {
  return text as HomeArea | null;
}
