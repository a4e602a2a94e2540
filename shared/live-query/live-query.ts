/**
 * Live queries: typed questions that an admin asks connected devices. A device answers at once or not at all, and nothing waits for an
 * offline device. Answers have bounded sizes, and the server keeps them in memory for a short time (ADR 66).
 */
import { z } from 'zod';

export const QUERY_KINDS = ['processes', 'services', 'open-ports', 'files'] as const;
export type QueryKind = (typeof QUERY_KINDS)[number];

export const MOST_HASHES = 16;
export const MOST_FOLDERS = 8;

const part = z.string().min(1).max(128);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 hash: 64 lower-case hexadecimal digits');
/** Absolute path on Linux or macOS, or on a drive of Windows. */
const folder = z
  .string()
  .max(1024)
  .regex(/^(\/|[A-Za-z]:[\\/])/, 'must be an absolute path, such as /home or C:\\Users');

export const liveQuerySchema = z.discriminatedUnion('kind', [
  /** Query about processes. `name`: part of the process name or of the program's path. */
  z.strictObject({ kind: z.literal('processes'), name: part.optional() }),
  z.strictObject({ kind: z.literal('services'), name: part.optional(), failed: z.literal(true).optional() }),
  z.strictObject({ kind: z.literal('open-ports'), port: z.int().min(1).max(65_535).optional() }),
  z.strictObject({
    kind: z.literal('files'),
    sha256: z.array(sha256).min(1).max(MOST_HASHES),
    folders: z.array(folder).min(1).max(MOST_FOLDERS),
  }),
]);
export type LiveQuery = z.infer<typeof liveQuerySchema>;

export interface Column {
  readonly name: string;
  readonly title: string;
  /** Type of the cells in a column. `bytes`: number of bytes. `time`: Unix milliseconds. */
  readonly type: 'text' | 'number' | 'bytes' | 'time';
}

const column = (name: string, title: string, type: Column['type'] = 'text'): Column => ({ name, title, type });

/** Columns of an answer. A row has its cells in this sequence. Rows contain no arguments of processes, because arguments may be secrets. */
export const COLUMNS: Readonly<Record<QueryKind, readonly Column[]>> = {
  processes: [
    column('name', 'Process'),
    column('pid', 'Process ID', 'number'),
    column('user', 'User'),
    column('program', 'Program'),
    column('memory', 'Memory', 'bytes'),
    column('started', 'Started', 'time'),
  ],
  services: [
    column('service', 'Service'),
    column('state', 'State'),
    column('detail', 'Detail'),
    column('description', 'Description'),
  ],
  'open-ports': [
    column('protocol', 'Protocol'),
    column('address', 'Address'),
    column('port', 'Port', 'number'),
    column('process', 'Process'),
    column('user', 'User'),
  ],
  files: [
    column('path', 'Path'),
    column('size', 'Size', 'bytes'),
    column('modified', 'Modified', 'time'),
    column('sha256', 'SHA-256'),
  ],
};

/** Maximum length of a text in an answer; the device shortens longer texts. */
export const LONGEST_CELL = 1024;
export const MOST_ROWS = 2_000;
/** Maximum size of one device's answer: bytes of its rows as JSON. */
export const LARGEST_ANSWER = 64 * 1024;

const cell = z.union([z.string().max(LONGEST_CELL), z.number(), z.null()]);
export type Cell = z.infer<typeof cell>;
export const answerRow = z.array(cell).max(8);
export type AnswerRow = z.infer<typeof answerRow>;

/**
 * Outcome of a query on one device.
 * - answered: `rows` has the answer. `truncated` is true if the device found more than the limits allow, or ran out of time.
 * - failed: the device could not read the data.
 * - unsupported: the agent cannot read the data on this system.
 * - off: the organization switched the section `queries` off.
 * - not-displayed: the device has not yet displayed to its user that it answers live queries.
 * - busy: the device still works on another live query.
 */
export const ANSWER_OUTCOMES = ['answered', 'failed', 'unsupported', 'off', 'not-displayed', 'busy'] as const;

export const answerSchema = z.strictObject({
  outcome: z.enum(ANSWER_OUTCOMES),
  detail: z.string().max(500),
  rows: z.array(answerRow).max(MOST_ROWS),
  truncated: z.boolean(),
});
export type Answer = z.infer<typeof answerSchema>;

/** Time in seconds within which devices answer. */
export const DEADLINE_SECONDS = { shortest: 5, usual: 30, longest: 120 } as const;

/** Sentence that states what a live query asks, for the user of the device and for admins. */
export function describeQuery(query: LiveQuery): string {
  switch (query.kind) {
    case 'processes':
      return query.name === undefined ? 'Running processes' : `Running processes with “${query.name}” in the name`;
    case 'services': {
      const which = query.failed ? 'Failed services' : 'Services';
      return query.name === undefined ? which : `${which} with “${query.name}” in the name`;
    }
    case 'open-ports':
      return query.port === undefined ? 'Open ports' : `Open port ${query.port}`;
    case 'files': {
      const hashes = query.sha256.length === 1 ? 'SHA-256 hash' : `${query.sha256.length} SHA-256 hashes`;
      return `Files with the ${hashes} ${query.sha256.map((hash) => hash.slice(0, 12)).join(', ')} in ${query.folders.join(', ')}`;
    }
  }
}
