/** HTTP client of a device page, which sends what a browser or an attacker would send. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { TOKEN_HEADER } from '../../agent/page/api.ts';
import type { Page } from '../../agent/page/page.ts';

/** Header of a browser for a request of the page itself. */
export const OWN = { 'sec-fetch-site': 'same-origin' };

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly json: () => Record<string, unknown>;
}

export type AskPage = (path: string, headers?: Record<string, string>, method?: string, body?: unknown) => Promise<Got>;

/** The path is sent unchanged; `fetch` and `new URL` would normalize it. */
export function askPage(
  { url }: Page,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: unknown,
): Promise<Got> {
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const type = Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json';
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: new URL(url).port,
        path,
        method,
        agent: false,
        headers: { ...(bytes && { 'content-type': type, 'content-length': bytes.length }), ...headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const all = Buffer.concat(parts);
          const json = () => JSON.parse(all.toString());
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all, json });
        });
      },
    );
    sent.on('error', reject).end(bytes);
  });
}

export const ticketOf = (link: string) => new URL(link).hash.replace('#open=', '');

/** Exchanges a new link of the page. Returns the headers of the session's requests. */
export async function signInToPage(page: Page): Promise<Record<string, string>> {
  const { headers, json } = await askPage(page, '/api/session', OWN, 'POST', { ticket: ticketOf(page.link()) });
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  return { ...OWN, cookie, [TOKEN_HEADER]: String(json()['token']) };
}
