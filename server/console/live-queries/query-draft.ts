/** Entries of the form for a live query, as typed, before the schema checks them. */
import { type LiveQuery, liveQuerySchema, type QueryKind } from '../../../shared/live-query/live-query.ts';

export interface QueryDraft {
  readonly kind: QueryKind;
  readonly name: string;
  readonly failed: boolean;
  readonly port: number | null;
  /** One hash per line. */
  readonly hashes: string;
  /** One folder per line. */
  readonly folders: string;
}

export const EMPTY_DRAFT: QueryDraft = {
  kind: 'processes',
  name: '',
  failed: false,
  port: null,
  hashes: '',
  folders: '',
};

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

export interface Problem {
  /** Field of the form that the admin must correct. */
  readonly field: string;
  readonly text: string;
}

/** The valid query, or a sentence that says what to change. Both are null while a required field is empty. */
export function queryOf(draft: QueryDraft): { readonly query: LiveQuery | null; readonly problem: Problem | null } {
  const { kind, name, failed, port, hashes, folders } = draft;
  const part = name.trim() === '' ? {} : { name: name.trim() };
  const given = {
    processes: { kind, ...part },
    services: { kind, ...part, ...(failed && { failed }) },
    'open-ports': { kind, ...(port !== null && { port }) },
    files: { kind, sha256: linesOf(hashes.toLowerCase()), folders: linesOf(folders) },
  }[kind];
  const parsed = liveQuerySchema.safeParse(given);
  if (parsed.success) return { query: parsed.data, problem: null };
  if (kind === 'files' && (hashes.trim() === '' || folders.trim() === '')) return { query: null, problem: null };
  const [issue] = parsed.error.issues;
  const line = issue?.path.find((each) => typeof each === 'number');
  const where = line === undefined ? '' : `Line ${line + 1} `;
  const text = `${where}${issue?.message ?? 'is not valid'}.`;
  return { query: null, problem: { field: String(issue?.path[0]), text } };
}
