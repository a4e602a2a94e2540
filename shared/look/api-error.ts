import { problemSchema } from '../api/wire.ts';

/** Error response of the API. `code` is stable, and `message` says how to fix the error. Without a response, the code is `unreachable`. */
export class ApiError extends Error {
  readonly code: string;
  /** HTTP status code; 0 if the server sent no response. */
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

export function apiErrorOf(status: number, body: unknown): ApiError {
  const problem = problemSchema.safeParse(body);
  if (!problem.success)
    return new ApiError(
      'unreachable',
      `The server responded with status ${status} and no explanation. Try again.`,
      status,
    );
  const { code, detail, context } = problem.data;
  return new ApiError(code, detail, status, context);
}
