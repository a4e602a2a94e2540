import type { z } from 'zod';
import { createCall, createSend, failureOf, headersOf } from '../../../../shared/look/api-client.ts';
import { ApiError } from '../../../../shared/look/api-error.ts';
import { TOKEN_HEADER } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import { keepToken, token } from './session.ts';

const API = {
  prefix: '/api',
  unreachable: WORDS.live.gone,
  headers: () => ({ [TOKEN_HEADER]: token() }),
  onError(error: ApiError) {
    if (error.code === 'not_signed_in') keepToken(null);
  },
};
const send = createSend(API);

export const call = createCall(send);

export const blobOf = async (path: string): Promise<Blob> => (await send('GET', path, null, null)).blob();

/** Uses XMLHttpRequest, because `fetch` does not report the progress of an upload. */
export function upload<S extends z.ZodType>(
  path: string,
  schema: S,
  file: Blob,
  onProgress: (part: number) => void,
): Promise<z.output<S>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${API.prefix}${path}`);
    for (const [name, value] of headersOf(API, 'application/octet-stream')) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total);
    request.onerror = () => reject(new ApiError('unreachable', API.unreachable, 0));
    request.onload = () => {
      try {
        const body: unknown = JSON.parse(request.responseText);
        if (request.status >= 200 && request.status < 300) resolve(schema.parse(body));
        else reject(failureOf(API, request.status, body));
      } catch (error) {
        reject(error instanceof SyntaxError ? failureOf(API, request.status, null) : error);
      }
    };
    request.send(file);
  });
}
