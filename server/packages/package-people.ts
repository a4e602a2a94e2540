/**
 * Decides which people may sign, install and publish a package, whose scripts run as root on devices. The functions are pure.
 * - The uploader and the signer must be independent, at the signature and again at each installation and publication.
 * - The signer and the publisher must be independent too, because a publication reaches every device of its channel, now and later.
 */
import type { People } from '../independence/independence.ts';
import type { StoredPackage } from './ports.ts';

type Uploaded = Pick<StoredPackage, 'uploader'>;
type Signed = Pick<StoredPackage, 'uploader' | 'signer'>;
type Rule = Pick<People, 'relation' | 'isSame'>;

const UNKNOWN_UPLOADER =
  'The server does not know which person uploaded this package. Delete the package, and have the file uploaded again.';

/** Returns the reason why the person cannot sign the package, or null. */
export function signObstacle({ uploader }: Uploaded, person: string, people: Rule): string | null {
  if (uploader === null) return UNKNOWN_UPLOADER;
  const relation = people.relation(uploader, person);
  if (relation === null) return null;
  const why = people.isSame(uploader, person)
    ? 'You uploaded this package, with this account or another of your accounts.'
    : `${relation} Therefore you count as one person with the uploader.`;
  return `${why} Another approver must sign it.`;
}

/** Returns the reason why no device may get the package, or null. */
export function installObstacle({ uploader, signer }: Signed, people: Rule): string | null {
  if (uploader === null) return UNKNOWN_UPLOADER;
  if (signer === null) return 'No approver has signed this package. Have an approver sign it first.';
  const relation = people.relation(uploader, signer);
  if (relation === null) return null;
  return `${relation} Therefore the uploader and the signer of this package count as one person. Delete the package, have a person upload the file again, and have an independent approver sign it.`;
}

/** Returns the reason why the person cannot publish the package on an update channel, or null. */
export function publishObstacle(stored: Signed, person: string, people: Rule): string | null {
  const obstacle = installObstacle(stored, people);
  const { signer } = stored;
  if (obstacle !== null || signer === null) return obstacle;
  const relation = people.relation(signer, person);
  if (relation === null) return null;
  const why = people.isSame(signer, person)
    ? 'You signed this package, with this account or another of your accounts.'
    : `${relation} Therefore you count as one person with the signer.`;
  return `${why} Another person must publish it.`;
}
