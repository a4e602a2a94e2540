import type { Envelope } from '../../shared/order/documents.ts';
import type { OwnPackage, PackageFormat } from '../../shared/software/own-package.ts';
import type { Upload } from '../uploads.ts';

export interface StoredPackage extends Omit<OwnPackage, 'format'> {
  readonly format: PackageFormat;
  readonly note: string;
  readonly uploadedAt: number;
  /** Account that uploaded the file. */
  readonly uploadedBy: string;
  /** Statement with its signature; null until a person has signed it. */
  readonly envelope: Envelope | null;
  /** Account of the person that signed. */
  readonly signedBy: string | null;
}

export interface PackageStore {
  /** Stores a file with the parts of the upload. Returns false if the file is stored already. Throws `too_large` if all files would exceed `most` bytes. */
  put(stored: StoredPackage, upload: Upload, most: number): Promise<boolean>;
  list(): Promise<StoredPackage[]>;
  get(sha256: string): Promise<StoredPackage | null>;
  sign(sha256: string, envelope: Envelope, by: string): Promise<void>;
  /** Chunk with this number, from 0. Null if the file was deleted. */
  chunk(sha256: string, position: number): Promise<Buffer | null>;
  delete(sha256: string): Promise<boolean>;
}
