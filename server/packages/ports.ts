import type { Envelope } from '../../shared/order/documents.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { OwnPackage, PackageFormat } from '../../shared/software/own-package.ts';
import type { Upload } from '../uploads.ts';

export interface StoredPackage extends Omit<OwnPackage, 'format'> {
  readonly format: PackageFormat;
  readonly note: string;
  readonly uploadedAt: number;
  /** Account that uploaded the file. */
  readonly uploadedBy: string;
  /** Person who uploaded the file. Null if an earlier version stored the file and the account is unknown. */
  readonly uploader: PersonId | null;
  /** Statement with its signature; null until a person has signed it. */
  readonly envelope: Envelope | null;
  /** Account of the person that signed. */
  readonly signedBy: string | null;
  readonly signer: PersonId | null;
}

export interface PackageStore {
  /** Stores a file with the parts of the upload. Returns false if the file is stored already. Throws `too_large` if all files would exceed `most` bytes. */
  put(stored: StoredPackage, upload: Upload, most: number): Promise<boolean>;
  list(): Promise<StoredPackage[]>;
  get(sha256: string): Promise<StoredPackage | null>;
  /** Stores a signature. Throws `conflict` if the package was signed or deleted, or has another uploader now. */
  sign(
    stored: Pick<StoredPackage, 'sha256' | 'uploader'>,
    envelope: Envelope,
    by: { readonly account: string; readonly person: PersonId },
  ): Promise<void>;
  /** Chunk with this number, from 0. Null if the file was deleted. */
  chunk(sha256: string, position: number): Promise<Buffer | null>;
  delete(sha256: string): Promise<boolean>;
}
