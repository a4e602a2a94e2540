/**
 * The REST API as the console calls it: same origin, both halves of the session, and every response through the schema that the server also has. A
 * refusal is a `Refusal` with the server's own sentence.
 */
import type { z } from 'zod';
import { BACKGROUND_HEADER, CSRF_HEADER } from '../../../shared/api/session.ts';
import { Refusal, refusalOf } from '../../../shared/look/refusal.ts';
import { askForStepUp } from './step-up.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** The page's half of the session. Storage belongs to one origin, port included; a cookie goes to every port of the host. */
const KEPT = 'cordon-session';
export function keepCsrf(token: string | null): void {
  if (token === null) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, token);
}

/** Requests later than this after the admin's last input are the page's own, and do not keep the session alive. */
const ACTIVE_FOR = 60_000;
let lastInput = Date.now();
/** Notes the admin's input from now on; called once, when the page starts. */
export function watchInput(): void {
  const note = () => {
    lastInput = Date.now();
  };
  for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const) {
    addEventListener(kind, note, { capture: true, passive: true });
  }
}

type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** `/devices?text=…`, without what is undefined, null or empty. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

const STEP_UP = '/session/step-up';

/** Repeats the request once, after a new authenticator code, when the server demands a step-up sign-in. */
async function send(...asked: Parameters<typeof sendOnce>): Promise<Response> {
  try {
    return await sendOnce(...asked);
  } catch (error) {
    const demanded = error instanceof Refusal && error.code === 'step_up_required' && asked[1] !== STEP_UP;
    if (!demanded || !(await askForStepUp())) throw error;
    return sendOnce(...asked);
  }
}

async function sendOnce(
  method: Method,
  path: string,
  body: BodyInit | null,
  type: string | null,
  signal?: AbortSignal,
) {
  const headers = new Headers({ accept: 'application/json' });
  if (type !== null) headers.set('content-type', type);
  const csrf = localStorage.getItem(KEPT);
  if (csrf !== null) headers.set(CSRF_HEADER, csrf);
  if (Date.now() - lastInput > ACTIVE_FOR) headers.set(BACKGROUND_HEADER, '1');
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { method, headers, body, ...(signal && { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Refusal('unreachable', 'The server does not answer. Your work on this page is kept; try again.', 0);
  }
  if (response.ok) return response;
  throw refusalOf(response.status, await response.json().catch(() => null));
}

/** Throws a `Refusal`; a `ZodError` when the answer is not as the API describes it. */
export async function call<S extends z.ZodType>(
  method: Method,
  path: string,
  answer: S,
  body?: unknown,
  signal?: AbortSignal,
): Promise<z.output<S>> {
  const text = body === undefined ? null : JSON.stringify(body);
  const response = await send(method, path, text, text === null ? null : 'application/json', signal);
  return answer.parse(await response.json());
}

/** A file as the raw body. */
export async function upload<S extends z.ZodType>(path: string, answer: S, file: Blob): Promise<z.output<S>> {
  const response = await send('POST', path, file, 'application/octet-stream');
  return answer.parse(await response.json());
}

/** A file that the server makes, under the name that it gives. */
export async function download(
  path: string,
  { method = 'POST', body }: { readonly method?: Method; readonly body?: unknown } = {},
): Promise<{ readonly file: Blob; readonly name: string }> {
  const text = body === undefined ? null : JSON.stringify(body);
  const response = await send(method, path, text, text === null ? null : 'application/json');
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'cordon';
  return { file: await response.blob(), name };
}
