import type { Envelope } from '../../shared/order/documents.ts';
import type { OwnPackage } from '../../shared/software/own-package.ts';

export interface StoredPackage extends OwnPackage {
  readonly note: string;
  readonly uploadedAt: number;
  /** Account that uploaded the file. */
  readonly uploadedBy: string;
  /** Statement with its signature; null until a person has signed it. */
  readonly envelope: Envelope | null;
  /** Account of the person that signed. */
  readonly signedBy: string | null;
}

/** Bytes of one stored chunk of a file. The last chunk of a file may be shorter. */
export const CHUNK = 256 * 1024;

export interface PackageStore {
  /** Stores a file. Returns false if the file is stored already. Throws `too_large` if all files would exceed `most` bytes. */
  put(stored: StoredPackage, chunks: readonly Buffer[], most: number): Promise<boolean>;
  list(): Promise<StoredPackage[]>;
  get(sha256: string): Promise<StoredPackage | null>;
  sign(sha256: string, envelope: Envelope, by: string): Promise<void>;
  /** Chunk with this number, from 0. Null if the file was deleted. */
  chunk(sha256: string, position: number): Promise<Buffer | null>;
  delete(sha256: string): Promise<boolean>;
}
