export interface FileTables {
  /** Files that admins can send to devices, by the SHA-256 of their content. */
  files: {
    sha256: string;
    name: string;
    size: number;
    note: string;
    uploaded_at: number;
    uploaded_by: string;
  };
  /** Parts of the files, each of 256 KiB. A database reads a large value as a whole, so a file is not one value. */
  file_parts: { sha256: string; position: number; body: Buffer };
  /** Files that devices sent for the command `fetch-file`. */
  fetched_files: {
    command_id: string;
    device_id: string;
    name: string;
    reason: string;
    at: number;
    size: number;
    body: Buffer;
  };
}
