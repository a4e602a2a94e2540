/** Artifact with imported versions, such as IP databases. One version is active at a time, and each activation has a ledger entry. */
export interface VersionedArtifact<Key, Artifact, Use> {
  list(): Promise<Artifact[]>;
  uses(): Promise<Use[]>;
  activate(key: Key, by: string | null): Promise<Artifact>;
  /** Activates the version that was active before the current one. Throws `conflict` if no other version was active before. */
  rollBack(by: string | null): Promise<Artifact>;
}
