/** Imported versions of one kind of data, such as IP databases. One version is active, and each activation has a ledger entry. */
export interface VersionedArtifact<Key, Artifact, Use> {
  list(): Promise<Artifact[]>;
  /** All activations of a kind of data, newest first. */
  uses(): Promise<Use[]>;
  /** Activates a version. Throws `not_found`. */
  activate(key: Key, by: string | null): Promise<Artifact>;
  /** Activates the previously active version. Throws `conflict` if there was none. */
  rollBack(by: string | null): Promise<Artifact>;
}
