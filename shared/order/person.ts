/** Who is one human being to an installation: devices that were enrolled for one name, however it was written, are one person's. */
import { sha256 } from './digest.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** One spelling of all that name the same person: for comparing and finding, never for showing. */
export const foldedName = (name: string): string =>
  name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toUpperCase().toLowerCase();

/** `per_` and 80 bits of SHA-256 over installation and name, base32: a handle, not a secret. */
export function personOf(installation: string, name: string): string {
  const hash = BigInt(`0x${sha256(Buffer.from(`${installation}\n${foldedName(name)}`)).slice(0, 20)}`);
  return `per_${Array.from({ length: 16 }, (_, at) => ALPHABET[Number((hash >> BigInt(5 * at)) & 31n)]).join('')}`;
}
