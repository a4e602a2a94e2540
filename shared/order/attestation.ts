/** How the installation verified the identities of approvers. The module also runs in browsers. */
import type { Approvers } from './documents.ts';

/**
 * Numbers of people and of self-attested people in an approver set. The installation has no proof of a self-attested person's e-mail
 * address.
 */
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

/** Statement about identities: `Self-attested: …` with the keys of self-attested people, or that all addresses are verified. */
export function attestationWords(approvers: Pick<Approvers, 'approvers'>): string {
  const { people, selfAttested } = attestationOf(approvers);
  if (selfAttested === 0)
    return 'Verified: the installation proved the address or directory subject of every approver.';
  const which = selfAttested === people ? `all ${people}` : `${selfAttested} of ${people}`;
  const verified = approvers.approvers.filter(({ attestation }) => attestation === 'verified');
  const keys = verified.map(({ keyid }) => `key ${keyid.slice(0, 16)}…`).join(', ');
  return `Self-attested: the installation has no proof of the e-mail addresses of ${which} approvers.${keys === '' ? '' : ` Verified: ${keys}.`}`;
}
