/** SHA-256 over WebCrypto, the counterpart of `digest.ts` for browsers. */

/** Digest in lower-case hex. Text is hashed in UTF-8. */
export async function webSha256(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex();
}
