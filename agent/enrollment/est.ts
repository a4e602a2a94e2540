/** EST client (RFC 7030). It fetches the CA certificates, enrolls with the activation code, and renews with the device's certificate. */
import type { X509Certificate } from 'node:crypto';
import { CordonError, ERROR_CODES } from '../../shared/errors.ts';
import type { Http, HttpResponse } from '../link/http.ts';
import { readRefusal } from '../link/refusal.ts';
import { certificatesOf } from './certificates.ts';

const PATH = '/.well-known/est/';

export async function fetchAuthorities(http: Http, publicUrl: string): Promise<X509Certificate[]> {
  return certificatesOf(await text(http, new URL(`${PATH}cacerts`, publicUrl)));
}

export async function simpleEnroll(http: Http, publicUrl: string, csr: Buffer, code: { user: string; secret: string }) {
  const basic = Buffer.from(`${code.user}:${code.secret}`).toString('base64');
  return send(http, new URL(`${PATH}simpleenroll`, publicUrl), csr, { authorization: `Basic ${basic}` });
}

export async function simpleReenroll(http: Http, deviceUrl: string, csr: Buffer): Promise<X509Certificate[]> {
  return send(http, new URL(`${PATH}simplereenroll`, httpsOf(deviceUrl)), csr, {});
}

export const httpsOf = (deviceUrl: string): string => deviceUrl.replace(/^wss:/, 'https:');

async function send(http: Http, url: URL, csr: Buffer, headers: Record<string, string>): Promise<X509Certificate[]> {
  const response = await http(url, {
    method: 'POST',
    headers: { 'content-type': 'application/pkcs10', 'content-transfer-encoding': 'base64', ...headers },
    body: csr.toString('base64'),
  });
  return certificatesOf(bodyOf(response).toString('ascii'));
}

async function text(http: Http, url: URL): Promise<string> {
  return bodyOf(await http(url, { method: 'GET' })).toString('utf8');
}

/** Returns the body of a 200 response. For other statuses, throws the error that the server's problem+json states. */
export function bodyOf(response: HttpResponse): Buffer {
  if (response.status === 200) return response.body;
  const { code, detail, orders } = readRefusal(response.body.toString('utf8'));
  throw new CordonError(
    ERROR_CODES.find((each) => each === code) ?? 'unavailable',
    detail ?? `The server responded with HTTP status ${response.status}. Try again later.`,
    { status: response.status, ...(orders.length > 0 && { orders }) },
  );
}
