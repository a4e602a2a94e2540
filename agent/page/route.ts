import express, { type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';

export const json = express.json({ limit: '256kb', strict: true });

/** Responds with the result of `handle`. The schema removes all fields that it does not name, so that they never leave the agent. */
export function respond<S extends z.ZodType>(
  schema: S,
  handle: (request: Request, response: Response) => Frozen<z.input<S>> | Promise<Frozen<z.input<S>>>,
): RequestHandler {
  return async (request, response) => {
    response.json(schema.parse(await handle(request, response)));
  };
}

/** Deeply read-only form of a type. Routes need it because the messaging interface returns read-only data. */
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** Schema error as one sentence. It omits the invalid value, which may be message text. */
export function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CordonError('invalid_input', `${issue?.path.join('.') || 'the request'}: ${issue?.message ?? 'malformed'}`);
}
