export interface UploadTables {
  /** Parts of an upload that is not complete yet, by the id of the upload. A complete upload moves to the parts of its file. */
  upload_parts: { upload: string; position: number; body: Buffer };
}
