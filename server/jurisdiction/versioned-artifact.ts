/** Imported versions of one kind of data, such as IP databases. One version is active, and each activation has a ledger entry. */
export interface VersionedArtifact<Key, Artifact, Use> {
  list(): Promise<Artifact[]>;
  /** All activations, newest first. */
  uses(): Promise<Use[]>;
  /** Throws `not_found`. */
  activate(key: Key, by: string | null): Promise<Artifact>;
  /** Activates the previous artifact. Throws `conflict` if there was none. */
  rollBack(by: string | null): Promise<Artifact>;
}
