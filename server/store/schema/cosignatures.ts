export interface CosignatureTables {
  /** Verified cosignature on the checkpoint of this size. `witness`: verifier key. `line`: signature line of the note, without a newline. */
  cosignatures: { size: number; witness: string; line: string; at: number };
}
