/** Reads the public documents of the public listener. The documents are signed, so the listener's certificate is not verified. */

import { dialDirect } from '../../agent/link/dial.ts';
import { overTls } from '../../agent/link/http.ts';
import { secureDial } from '../../agent/link/tls.ts';

const http = overTls(secureDial({ dial: dialDirect, rootPem: null, identity: null }));

/** Throws an error for any other status than 200. */
export async function publicBytes(base: string, path: string): Promise<Buffer> {
  const { status, body } = await http(new URL(path, base), { method: 'GET' });
  if (status !== 200) throw new Error(`${path}: HTTP ${status}`);
  return body;
}

export async function publicText(base: string, path: string): Promise<string> {
  return (await publicBytes(base, path)).toString();
}

export async function publicJson(base: string, path: string): Promise<unknown> {
  return JSON.parse(await publicText(base, path));
}
