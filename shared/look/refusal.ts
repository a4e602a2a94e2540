/** An answer that is none of what was asked for: what was refused, in whose words, and how to mend it. */
import { problemSchema } from '../api/wire.ts';

/** What the server refused (`code` is stable, `message` says how to mend it), or `unreachable` when there was no answer. */
export class Refusal extends Error {
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: string, detail: string, status: number, context: Record<string, unknown> = {}) {
    super(detail);
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
    this.context = context;
  }
}

/** `answer`: the body as JSON, whatever it is. */
export function refusalOf(status: number, answer: unknown): Refusal {
  const problem = problemSchema.safeParse(answer);
  if (!problem.success) return new Refusal('unreachable', `The server answered ${status}.`, status);
  const { code, detail, context } = problem.data;
  return new Refusal(code, detail, status, context);
}
