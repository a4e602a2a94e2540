/** EST (RFC 7030) as a client: the CA before it is trusted, enrolment with the activation code, renewal with the certificate. */
import type { X509Certificate } from 'node:crypto';
import { CordonError, ERROR_CODES } from '../../shared/errors.ts';
import type { Http, HttpAnswer } from '../link/http.ts';
import { readRefusal } from '../link/refusal.ts';
import { certificatesOf } from './certificates.ts';

const PATH = '/.well-known/est/';

export async function fetchAuthorities(http: Http, publicUrl: string): Promise<X509Certificate[]> {
  return certificatesOf(await text(http, new URL(`${PATH}cacerts`, publicUrl)));
}

export async function simpleEnrol(http: Http, publicUrl: string, csr: Buffer, code: { user: string; secret: string }) {
  const basic = Buffer.from(`${code.user}:${code.secret}`).toString('base64');
  return send(http, new URL(`${PATH}simpleenroll`, publicUrl), csr, { authorization: `Basic ${basic}` });
}

export async function simpleReenrol(http: Http, deviceUrl: string, csr: Buffer): Promise<X509Certificate[]> {
  return send(http, new URL(`${PATH}simplereenroll`, httpsOf(deviceUrl)), csr, {});
}

/** The device listener's address is given for its WebSocket; its few plain requests go to the same place. */
export const httpsOf = (deviceUrl: string): string => deviceUrl.replace(/^wss:/, 'https:');

async function send(http: Http, url: URL, csr: Buffer, headers: Record<string, string>): Promise<X509Certificate[]> {
  const answer = await http(url, {
    method: 'POST',
    headers: { 'content-type': 'application/pkcs10', 'content-transfer-encoding': 'base64', ...headers },
    body: csr.toString('base64'),
  });
  return certificatesOf(accepted(answer).toString('ascii'));
}

async function text(http: Http, url: URL): Promise<string> {
  return accepted(await http(url, { method: 'GET' })).toString('utf8');
}

/** The body of a 200, or the server's own refusal: problem+json carries the code and the words. */
export function accepted(answer: HttpAnswer): Buffer {
  if (answer.status === 200) return answer.body;
  const { code, detail, orders } = readRefusal(answer.body.toString('utf8'));
  throw new CordonError(
    ERROR_CODES.find((each) => each === code) ?? 'unavailable',
    detail ?? `The server answered ${answer.status}.`,
    { status: answer.status, ...(orders.length > 0 && { orders }) },
  );
}
