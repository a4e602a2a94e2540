import express, { type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';

export const json = express.json({ limit: '256kb', strict: true });

/** The schema removes all fields that it does not name, so that they never leave the agent. */
export function respond<S extends z.ZodType>(
  schema: S,
  handle: (request: Request, response: Response) => Frozen<z.input<S>> | Promise<Frozen<z.input<S>>>,
): RequestHandler {
  return async (request, response) => {
    response.json(schema.parse(await handle(request, response)));
  };
}

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** A schema error becomes one sentence without the invalid value, which may be message text. */
export function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CordonError('invalid_input', `${issue?.path.join('.') || 'the request'}: ${issue?.message ?? 'malformed'}`);
}
