/** Proof of the approvers' identities in an approver set. Runs in a browser as well. */
import type { Approvers } from './documents.ts';

/** Number of people in the set, and number of self-attested people: the installation has no proof that the e-mail address is theirs. */
export function attestationOf({ approvers }: Pick<Approvers, 'approvers'>): {
  readonly people: number;
  readonly selfAttested: number;
} {
  const verified = new Set(
    approvers.filter(({ attestation }) => attestation === 'verified').map(({ person }) => person),
  );
  const people = new Set(approvers.map(({ person }) => person)).size;
  return { people, selfAttested: people - verified.size };
}

/** Text: `Self-attested: …` with the other people's keys, or a statement that all addresses are verified. */
export function attestationWords(approvers: Pick<Approvers, 'approvers'>): string {
  const { people, selfAttested } = attestationOf(approvers);
  if (selfAttested === 0)
    return 'Verified: the installation proved the address or directory subject of every approver.';
  const which = selfAttested === people ? `all ${people}` : `${selfAttested} of ${people}`;
  const verified = approvers.approvers.filter(({ attestation }) => attestation === 'verified');
  const keys = verified.map(({ keyid }) => `key ${keyid.slice(0, 16)}…`).join(', ');
  return `Self-attested: the installation has no proof of the e-mail addresses of ${which} approvers.${keys === '' ? '' : ` Verified: ${keys}.`}`;
}
