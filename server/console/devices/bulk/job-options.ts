import type { z } from 'zod';
import type { commandToMany } from '../../../../shared/api/commands.ts';

/** Job options as the admin types them. */
export interface JobOptionsDraft {
  readonly name: string;
  /** Sizes of the waves, such as `10, 10%`. */
  readonly waves: string;
  readonly stopAt: number | null;
  readonly attempts: number | null;
  readonly windowFrom: string;
  readonly windowTo: string;
  readonly joiners: boolean;
}

export const NO_OPTIONS: JobOptionsDraft = {
  name: '',
  waves: '',
  stopAt: null,
  attempts: null,
  windowFrom: '',
  windowTo: '',
  joiners: false,
};

type JobFields = Pick<z.input<typeof commandToMany>, 'name' | 'waves' | 'stop' | 'retry' | 'window' | 'joiners'>;
type WaveSize = NonNullable<JobFields['waves']>[number];

const MOST_WAVES = 19;
const WAVE = /^(\d{1,6}|\d{1,3}(?:\.\d)?%)$/;

/** Sizes of the waves; null if the text is not a list of sizes. */
export function waveSizesOf(text: string): WaveSize[] | null {
  if (text.trim() === '') return [];
  const sizes = text.split(',').map((size) => size.trim());
  if (sizes.length > MOST_WAVES) return null;
  const waves: WaveSize[] = [];
  for (const size of sizes) {
    const value = Number.parseFloat(size);
    if (!WAVE.test(size) || value <= 0) return null;
    if (!size.endsWith('%')) waves.push({ count: value });
    else if (value > 100) return null;
    else waves.push({ percent: value });
  }
  return waves;
}

export const isWindowComplete = ({ windowFrom, windowTo }: JobOptionsDraft): boolean =>
  (windowFrom === '') === (windowTo === '') && (windowFrom === '' || windowFrom !== windowTo);

/** Fields of the request; null while a field is invalid. */
export function jobOptionsOf(draft: JobOptionsDraft): JobFields | null {
  const { name, stopAt, attempts, windowFrom, windowTo, joiners } = draft;
  const waves = waveSizesOf(draft.waves);
  if (waves === null || !isWindowComplete(draft)) return null;
  return {
    ...(name.trim() !== '' && { name: name.trim() }),
    ...(waves.length > 0 && { waves }),
    ...(stopAt !== null && { stop: { percent: stopAt } }),
    ...(attempts !== null && attempts > 1 && { retry: { attempts } }),
    ...(windowFrom !== '' && { window: { from: windowFrom, to: windowTo } }),
    ...(joiners && { joiners: 'include' as const }),
  };
}
