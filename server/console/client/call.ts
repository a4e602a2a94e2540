/** Client of the REST API. If the server demands a step-up sign-in or a passkey, the client asks the admin for it. */
import type { z } from 'zod';
import { PASSKEY_HEADER, passkeyDemand } from '../../../shared/api/passkeys.ts';
import { BACKGROUND_HEADER, CSRF_HEADER } from '../../../shared/api/session.ts';
import { createCall, createSend, type Method, type Send } from '../../../shared/look/api-client.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { requestConfirmation, requestStepUp } from './step-up.ts';

/** Storage key of the session's CSRF token. Browser storage is separate for each port of a host; cookies are not. */
const CSRF_KEY = 'cordon-session';
export function storeCsrf(token: string | null): void {
  if (token === null) localStorage.removeItem(CSRF_KEY);
  else localStorage.setItem(CSRF_KEY, token);
}

/**
 * Milliseconds after the admin's last input during which a request extends the session. After that, requests do not extend it, because they
 * are automatic.
 */
const ACTIVE_FOR = 60_000;
let lastInput = Date.now();
export function watchInput(): void {
  const note = () => {
    lastInput = Date.now();
  };
  for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const) {
    addEventListener(kind, note, { capture: true, passive: true });
  }
}

type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export function withQuery(path: string, query: Query): string {
  const defined = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(defined.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

const STEP_UP = '/session/step-up';

/** Creates the function that sends requests. `confirmation`: confirmation of the request's action by a passkey; null without one. */
const sendWith = (confirmation: string | null): Send =>
  createSend({
    prefix: '/api/v1',
    unreachable: 'The server does not respond. This page keeps your entries. Try again.',
    headers: () => ({
      [CSRF_HEADER]: localStorage.getItem(CSRF_KEY),
      [BACKGROUND_HEADER]: Date.now() - lastInput > ACTIVE_FOR ? '1' : null,
      [PASSKEY_HEADER]: confirmation,
    }),
  });
const sendOnce = sendWith(null);

/**
 * Sends a request. If the server demands a step-up sign-in or a confirmation by a passkey, the request is repeated once after the person
 * has given it.
 */
const send: Send = async (...args) => {
  try {
    return await sendOnce(...args);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const demand = error.code === 'passkey_required' ? passkeyDemand.safeParse(error.context) : null;
    if (demand?.success) {
      const confirmation = await requestConfirmation(demand.data);
      if (confirmation === null) throw error;
      return sendWith(confirmation)(...args);
    }
    const demanded = error.code === 'step_up_required' && args[1] !== STEP_UP;
    if (!demanded || !(await requestStepUp())) throw error;
    return sendOnce(...args);
  }
};

export const call = createCall(send);

export async function upload<S extends z.ZodType>(path: string, schema: S, file: Blob): Promise<z.output<S>> {
  const response = await send('POST', path, file, 'application/octet-stream');
  return schema.parse(await response.json());
}

export async function download(
  path: string,
  { method = 'POST', body }: { readonly method?: Method; readonly body?: unknown } = {},
): Promise<{ readonly file: Blob; readonly name: string }> {
  const text = body === undefined ? null : JSON.stringify(body);
  const response = await send(method, path, text, text === null ? null : 'application/json');
  // A name without spaces has no quotation marks (RFC 6266, section 4.1).
  const [, quoted, token] =
    /filename=(?:"([^"]+)"|([^";\s]+))/.exec(response.headers.get('content-disposition') ?? '') ?? [];
  const name = quoted ?? token ?? 'cordon';
  return { file: await response.blob(), name };
}
