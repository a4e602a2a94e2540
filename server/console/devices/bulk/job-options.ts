import type { z } from 'zod';
import type { commandToMany } from '../../../../shared/api/commands.ts';
import { supersedeKeySchema } from '../../../../shared/api/jobs.ts';
import type { Priority } from '../../../../shared/protocol/command-kinds.ts';
import { commandIdSchema } from '../../../../shared/protocol/ids.ts';

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
  /** Null: the priority of the kind of command. */
  readonly priority: Priority | null;
  readonly supersedes: string;
  /** Id of the prerequisite job, as typed. */
  readonly after: string;
}

export const NO_OPTIONS: JobOptionsDraft = {
  name: '',
  waves: '',
  stopAt: null,
  attempts: null,
  windowFrom: '',
  windowTo: '',
  joiners: false,
  priority: null,
  supersedes: '',
  after: '',
};

type JobFields = Pick<
  z.input<typeof commandToMany>,
  'name' | 'waves' | 'stop' | 'retry' | 'window' | 'joiners' | 'priority' | 'supersedes' | 'after'
>;
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

export const isSupersedeKey = (typed: string): boolean =>
  typed.trim() === '' || supersedeKeySchema.safeParse(typed.trim()).success;

export const isPrerequisite = (typed: string): boolean =>
  typed.trim() === '' || commandIdSchema.safeParse(typed.trim()).success;

/** Fields of the request; null while a field is invalid. */
export function jobOptionsOf(draft: JobOptionsDraft): JobFields | null {
  const { name, stopAt, attempts, windowFrom, windowTo, joiners, priority } = draft;
  const [supersedes, after] = [draft.supersedes.trim(), draft.after.trim()];
  const waves = waveSizesOf(draft.waves);
  if (waves === null || !isWindowComplete(draft)) return null;
  if (!isSupersedeKey(supersedes) || !isPrerequisite(after)) return null;
  return {
    ...(name.trim() !== '' && { name: name.trim() }),
    ...(waves.length > 0 && { waves }),
    ...(stopAt !== null && { stop: { percent: stopAt } }),
    ...(attempts !== null && attempts > 1 && { retry: { attempts } }),
    ...(windowFrom !== '' && { window: { from: windowFrom, to: windowTo } }),
    ...(joiners && { joiners: 'include' as const }),
    ...(priority !== null && { priority }),
    ...(supersedes !== '' && { supersedes }),
    ...(after !== '' && { after: commandIdSchema.parse(after) }),
  };
}
