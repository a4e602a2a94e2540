/** The daemon's API as the page calls it: same origin, both halves of the session, every answer through the schema that the daemon also has. */
import type { z } from 'zod';
import { Refusal, refusalOf } from '../../../../shared/look/refusal.ts';
import { TOKEN_HEADER } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import { keepToken, token } from './session.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

const gone = () => new Refusal('unreachable', WORDS.live.gone, 0);

function headersOf(type: string | null): Headers {
  const headers = new Headers({ accept: 'application/json' });
  const mine = token();
  if (mine !== null) headers.set(TOKEN_HEADER, mine);
  if (type !== null) headers.set('content-type', type);
  return headers;
}

/** The session has ended with the daemon, or by somebody's hand: the gate says how to open the page anew. */
function refused(status: number, answer: unknown): Refusal {
  const refusal = refusalOf(status, answer);
  if (refusal.code === 'not_signed_in') keepToken(null);
  return refusal;
}

async function send(method: Method, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const text = body === undefined ? null : JSON.stringify(body);
  const headers = headersOf(text === null ? null : 'application/json');
  let response: Response;
  try {
    response = await fetch(`/api${path}`, { method, headers, body: text, ...(signal && { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw gone();
  }
  if (response.ok) return response;
  throw refused(response.status, await response.json().catch(() => null));
}

/** Throws a `Refusal`; a `ZodError` when the answer is not as the API describes it. */
export async function call<S extends z.ZodType>(
  method: Method,
  path: string,
  answer: S,
  body?: unknown,
  signal?: AbortSignal,
): Promise<z.output<S>> {
  const response = await send(method, path, body, signal);
  return answer.parse(await response.json());
}

export const blobOf = async (path: string): Promise<Blob> => (await send('GET', path, undefined)).blob();

/** `onProgress`: the part that has gone, 0 to 1. Only XMLHttpRequest tells it. */
export function upload<S extends z.ZodType>(
  path: string,
  answer: S,
  file: Blob,
  onProgress: (part: number) => void,
): Promise<z.output<S>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api${path}`);
    for (const [name, value] of headersOf('application/octet-stream')) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total);
    request.onerror = () => reject(gone());
    request.onload = () => {
      try {
        const said: unknown = JSON.parse(request.responseText);
        if (request.status >= 200 && request.status < 300) resolve(answer.parse(said));
        else reject(refused(request.status, said));
      } catch (error) {
        reject(error instanceof SyntaxError ? refused(request.status, null) : error);
      }
    };
    request.send(file);
  });
}

/** As the browser saves any file; nothing is opened. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
