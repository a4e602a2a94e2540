/** Base64 in its one canonical form. A text with several forms could be changed without changing its meaning. */

/** Decodes canonical base64. Null for any other form: other alphabets, spaces, missing padding, stray bits. */
export function readBase64(text: string): Uint8Array<ArrayBuffer> | null {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' });
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  // `fromBase64` skips white space.
  return bytes.toBase64() === text ? bytes : null;
}
