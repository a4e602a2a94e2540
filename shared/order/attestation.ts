/** What an approver set says about the identity of its approvers. Runs in a browser as well. */
import type { Approvers } from './documents.ts';

/** How many people the set names, and how many of them are self-attested: nobody proved that the e-mail address is theirs. */
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

/** `Self-attested: …`, or that all addresses are verified. */
export function attestationWords(approvers: Pick<Approvers, 'approvers'>): string {
  const { people, selfAttested } = attestationOf(approvers);
  if (selfAttested === 0)
    return 'Verified: the installation proved the address or directory subject of every approver.';
  const who = selfAttested === people ? `all ${people}` : `${selfAttested} of ${people}`;
  return `Self-attested: nobody proved the e-mail addresses of ${who} approvers.`;
}
