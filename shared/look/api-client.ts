/** Client with which a browser page calls a JSON API on the same origin. The client checks each response against the server's schema. */
import type { z } from 'zod';
import { ApiError, apiErrorOf } from './api-error.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Sends a request. Throws an `ApiError` for any response except a success. */
export type Send = (
  method: Method,
  path: string,
  body: BodyInit | null,
  type: string | null,
  signal?: AbortSignal,
) => Promise<Response>;

interface Api {
  /** Path prefix such as `/api/v1`. */
  readonly prefix: string;
  /** Text of the error if the server sends no response. */
  readonly unreachable: string;
  /** Request headers. A header with the value null is omitted. */
  headers(): Readonly<Record<string, string | null>>;
  onError?(error: ApiError): void;
}

export function headersOf(api: Pick<Api, 'headers'>, type: string | null): Headers {
  const headers = new Headers({ accept: 'application/json' });
  if (type !== null) headers.set('content-type', type);
  for (const [name, value] of Object.entries(api.headers())) if (value !== null) headers.set(name, value);
  return headers;
}

export function failureOf(api: Pick<Api, 'onError'>, status: number, body: unknown): ApiError {
  const error = apiErrorOf(status, body);
  api.onError?.(error);
  return error;
}

export const createSend =
  (api: Api): Send =>
  async (method, path, body, type, signal) => {
    const request = { method, headers: headersOf(api, type), body, ...(signal && { signal }) };
    let response: Response;
    try {
      response = await fetch(`${api.prefix}${path}`, request);
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new ApiError('unreachable', api.unreachable, 0);
    }
    if (response.ok) return response;
    throw failureOf(api, response.status, await response.json().catch(() => null));
  };

/** Sends a JSON request. Throws an `ApiError` on an error response, and a `ZodError` on a response that does not match the schema. */
export const createCall =
  (send: Send) =>
  async <S extends z.ZodType>(
    method: Method,
    path: string,
    answer: S,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<z.output<S>> => {
    const text = body === undefined ? null : JSON.stringify(body);
    const response = await send(method, path, text, text === null ? null : 'application/json', signal);
    return answer.parse(await response.json());
  };

/** True if a repeated request may succeed: after a missing response or a server error. */
export const isRetryable = (failures: number, error: Error): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status >= 500) && failures < 2;
