/** Statement about how the identities of approvers in an approver set were verified. The module also runs in browsers. */
import type { Approvers } from './documents.ts';

/**
 * Number of people in the approver set, and number of self-attested people. For a self-attested person, the installation has no proof of
 * the e-mail address.
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

/**
 * Statement about the identities in an approver set: `Self-attested: …` with the keys of self-attested people, or that all addresses are
 * verified.
 */
export function attestationWords(approvers: Pick<Approvers, 'approvers'>): string {
  const { people, selfAttested } = attestationOf(approvers);
  if (selfAttested === 0)
    return 'Verified: the installation proved the address or directory subject of every approver.';
  const which = selfAttested === people ? `all ${people}` : `${selfAttested} of ${people}`;
  const verified = approvers.approvers.filter(({ attestation }) => attestation === 'verified');
  const keys = verified.map(({ keyid }) => `key ${keyid.slice(0, 16)}…`).join(', ');
  return `Self-attested: the installation has no proof of the e-mail addresses of ${which} approvers.${keys === '' ? '' : ` Verified: ${keys}.`}`;
}
