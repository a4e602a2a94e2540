/** Converts a value of a database row to bytes. */

export function bytes(value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new Error('the store holds something else than bytes');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export const bytesOrNull = (value: unknown): Buffer | null => (value === null ? null : bytes(value));
