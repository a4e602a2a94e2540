/**
 * Versioned artifact: imported versions of one kind of data, such as IP databases. One version is active at a time, and each activation has
 * a ledger entry.
 */
export interface VersionedArtifact<Key, Artifact, Use> {
  list(): Promise<Artifact[]>;
  /** All activations, newest first. */
  uses(): Promise<Use[]>;
  /** Activates a version. Throws `not_found` if the version does not exist. */
  activate(key: Key, by: string | null): Promise<Artifact>;
  /** Activates the version that was active before the present one. Throws `conflict` if no other version was active before. */
  rollBack(by: string | null): Promise<Artifact>;
}
