export interface PackageTables {
  /**
   * Packages of the organization, by the SHA-256 of the file. `envelope`: JSON of the signed statement; null until a person has signed it.
   * `format`: null for a Debian package. `uploader`, `signer`: people of the accounts `uploaded_by` and `signed_by`. `uploader` is null if the
   * account of an upload by an earlier version is unknown.
   */
  packages: {
    sha256: string;
    name: string;
    version: string;
    architecture: string;
    size: number;
    note: string;
    uploaded_at: number;
    uploaded_by: string;
    envelope: string | null;
    signed_by: string | null;
    format: 'rpm' | null;
    uploader: string | null;
    signer: string | null;
  };
  /** Parts of the files, each of 256 KiB. A database reads a large value as a whole, so a file is not one value. */
  package_chunks: { sha256: string; position: number; body: Buffer };
  /** Publications of packages of the agent on update channels, numbered by channel. The newest one of an architecture is current. */
  update_channels: {
    channel: string;
    revision: number;
    sha256: string;
    published_at: number;
    published_by: string;
  };
}
