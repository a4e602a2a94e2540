/** Options of a job on the command line, and the fields of the request that they set. */
import { CordonError } from '../../shared/errors.ts';

export interface JobFlags {
  name?: string;
  waves?: string;
  gate?: number;
  stopAt?: number;
  stopAfter?: number;
  attempts?: number;
  backoff?: number;
  window?: string;
  days?: string;
  priority?: string;
  supersedes?: string;
  after?: string;
  lateJoiners?: true;
}

export function jobBody(flags: JobFlags) {
  const { name, waves, gate, stopAt, stopAfter, attempts, backoff, priority, supersedes, after, lateJoiners } = flags;
  return {
    name,
    waves: waves?.split(',').map(waveOf),
    gate,
    stop: stopAt === undefined ? undefined : { percent: stopAt, minimum: stopAfter },
    retry: attempts === undefined ? undefined : { attempts, backoff },
    window: windowOf(flags),
    priority,
    supersedes,
    after,
    joiners: lateJoiners ? 'include' : undefined,
  };
}

function waveOf(text: string): { count: number } | { percent: number } {
  const size = text.trim();
  return size.endsWith('%') ? { percent: Number(size.slice(0, -1)) } : { count: Number(size) };
}

function windowOf({ window, days }: JobFlags): { from: string; to: string; days?: number[] } | undefined {
  if (window === undefined) {
    if (days === undefined) return undefined;
    throw new CordonError('invalid_input', 'The option --days also needs the option --window.', { field: 'window' });
  }
  const [from = '', to = ''] = window.split('-');
  return { from, to, ...(days !== undefined && { days: days.split(',').map(Number) }) };
}
