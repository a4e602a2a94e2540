/** Base64 in its one canonical form: what reads back as another text could be changed without changing what it says. */

/** Null for any other form: other alphabets, spaces, missing padding, stray bits. */
export function readBase64(text: string): Uint8Array<ArrayBuffer> | null {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' });
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  // It passes over white space.
  return bytes.toBase64() === text ? bytes : null;
}
