/** Search for jobs by the words of their titles, commands and creators. */
import { setImmediate as turn } from 'node:timers/promises';
import { COMMAND_NAMES } from '../../shared/api/command-names.ts';
import type { CommandRequestStore, CommandScope, JobFilter, ListedJob, RequestProgress } from './ports.ts';

const SHOWN = 10;
/** Number of jobs that the server reads with one statement of a search. */
const SLICE = 500;
/** Number of jobs that one search compares with its words. The next page continues with older jobs. */
const SEARCHED = 5_000;
/** Number of matching jobs whose progress one search counts. Jobs outside the caller's scope cost the same work, and are not listed. */
const COUNTED = 100;

/** Words of a search text in the form in which the server compares them. */
export const wordsOf = (text: string): string[] => [...new Set(comparable(text).split(/[\s,]+/u))].filter(Boolean);

/** Whether each word is part of the title of the job, of its command or of the name of its creator. */
export function hasWords(
  { name, kind, devices, creator }: Pick<ListedJob, 'name' | 'kind' | 'devices' | 'creator'>,
  words: readonly string[],
): boolean {
  const title = name ?? `${devices.toLocaleString('en')} ${devices === 1 ? 'device' : 'devices'}`;
  const text = comparable([title, COMMAND_NAMES[kind], kind, creator ?? ''].join(' '));
  return words.every((word) => text.includes(word));
}

const comparable = (text: string): string => text.normalize('NFKC').toLowerCase();

const cursorOf = ({ createdAt, id }: ListedJob): string => `${createdAt} ${id}`;

interface JobPage {
  readonly requests: readonly RequestProgress[];
  readonly cursor: string | null;
}

export function createJobSearch(store: Pick<CommandRequestStore, 'listed' | 'progress'>) {
  /**
   * Lists jobs with devices in the scope, newest first. With a text, the list has the jobs with all of its words. A page with fewer jobs
   * can have a cursor, because the work of one search has a bound.
   */
  return async function requests(
    scope: CommandScope,
    { text = '', ...filter }: JobFilter & { readonly text?: string | undefined },
    cursor: string | null,
  ): Promise<JobPage> {
    const words = wordsOf(text);
    const searching = words.length > 0;
    const [most, counted, size] = searching ? [SEARCHED, COUNTED, SLICE] : [SHOWN, SHOWN, SHOWN + 1];
    const found: RequestProgress[] = [];
    let [read, matching, next] = [0, 0, cursor];
    for (;;) {
      const slice = await store.listed(filter, next, size);
      for (const job of slice) {
        if (read === most || matching === counted) return { requests: found, cursor: next };
        read += 1;
        if (hasWords(job, words)) {
          matching += 1;
          const progress = await store.progress(job.id, scope, 0);
          if (progress && found.length === SHOWN) return { requests: found, cursor: next };
          if (progress) found.push(progress);
        }
        next = cursorOf(job);
      }
      if (slice.length < size) return { requests: found, cursor: null };
      await turn();
    }
  };
}
