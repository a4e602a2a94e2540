/** Base64 in its one canonical form. If several forms were accepted, a signed text could be changed without an effect on its meaning. */

/** Bytes of canonical base64; null for any other form, such as another alphabet, spaces, missing padding or stray bits. */
export function readBase64(text: string): Uint8Array<ArrayBuffer> | null {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' });
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  // `fromBase64` ignores white space. The bytes are therefore encoded again and compared with the text.
  return bytes.toBase64() === text ? bytes : null;
}
