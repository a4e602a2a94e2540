import type { Admins } from '../admins/admins.ts';
import type { VersionedArtifact } from '../jurisdiction/versioned-artifact.ts';

interface Imported {
  readonly importedBy: string | null;
}
interface Activated {
  readonly by: string | null;
}

/**
 * Versions and activations of one kind of artifact, such as IP databases, with the names of the accounts that imported or activated them.
 */
export async function listArtifacts<Artifact extends Imported, Use extends Activated>(
  source: Pick<VersionedArtifact<never, Artifact, Use>, 'list' | 'uses'>,
  admins: Pick<Admins, 'namesOf'>,
) {
  const [artifacts, activations] = [await source.list(), await source.uses()];
  const accounts = [...artifacts.map(({ importedBy }) => importedBy), ...activations.map(({ by }) => by)];
  const people = await admins.namesOf(new Set(accounts.filter((account) => account !== null)));
  return { artifacts, activations, people };
}
