import { problemSchema } from '../api/wire.ts';

/** Error of the API: `code` is stable, `message` explains the correction. The code is `unreachable` without a response. */
export class ApiError extends Error {
  readonly code: string;
  /** HTTP status; 0 without a response. */
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

/** `answer` is the JSON body of any shape. */
export function apiErrorOf(status: number, answer: unknown): ApiError {
  const problem = problemSchema.safeParse(answer);
  if (!problem.success)
    return new ApiError(
      'unreachable',
      `The server responded with status ${status} and no explanation. Try again.`,
      status,
    );
  const { code, detail, context } = problem.data;
  return new ApiError(code, detail, status, context);
}
