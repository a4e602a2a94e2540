/**
 * Decides which people count as two. Every rule that needs a second person uses `relation` or `independent` of this file, and no other file
 * compares two people (`tests/arch/two-people.test.ts`). The functions are pure.
 *
 * A person who created an account, or saw its invitation or credential reset link, could have signed in with the account, and with each
 * account that this account created. This person and the accounts' holders are therefore treated as one person (ADR 33).
 */

export interface AccountLink {
  readonly person: string;
  readonly name: string;
  readonly account: string;
  readonly by: { readonly person: string; readonly name: string; readonly account: string };
  readonly kind: 'created' | 'link';
}

export interface PeopleFacts {
  /** Pairs of database records of the same human being (`persons.same_as`). Key: id of the newer record. Value: id of an older record. */
  readonly sameAs: ReadonlyMap<string, string>;
  readonly links: readonly AccountLink[];
}

export interface People {
  /** Returns the reason why two people count as one, or null if they are independent. */
  relation(a: string, b: string): string | null;
  /**
   * Returns the reason why `person` could have signed in as `holder`, or null. Only for the proposer of an order: an approver must not be able
   * to propose with another account, but a proposer may have created the accounts of the approvers (ADR 33).
   */
  access(person: string, holder: string): string | null;
  /** Returns the largest set of the given people in which each two are independent. */
  independent(persons: Iterable<string>): ReadonlySet<string>;
  /** Returns true if both ids belong to one human being. For the owner of a key or a proposal, never for a rule about two people. */
  isSame(a: string, b: string): boolean;
  /** Returns the oldest id of a person who has several ids. For keys of maps and of database rows. */
  canonical(person: string): string;
}

export function peopleOf({ sameAs, links }: PeopleFacts): People {
  /** Returns the oldest record of the same person. A record may refer to another one that refers to a third, or to each other by mistake. */
  function canonical(person: string): string {
    const chain = [person];
    for (let next = sameAs.get(person); next !== undefined && !chain.includes(next); next = sameAs.get(next))
      chain.push(next);
    const last = chain.at(-1) ?? person;
    // Records that refer to each other have no oldest one. The lowest id then stands for all of them.
    return sameAs.has(last) ? (chain.slice(chain.indexOf(sameAs.get(last) ?? last)).sort()[0] ?? last) : last;
  }
  const isSame = (a: string, b: string) => canonical(a) === canonical(b);
  /** Links of the accounts of each person, to the people who could have signed in with these accounts. */
  const linksOf = Map.groupBy(links, ({ person }) => canonical(person));

  /** Returns the links by which `person` could have signed in as `holder`, through other accounts if necessary. */
  function linksBetween(person: string, holder: string): readonly AccountLink[] | null {
    const reached = new Map<string, readonly AccountLink[]>([[holder, []]]);
    // A loop over a map also visits the entries that the loop adds.
    for (const [reachedPerson, path] of reached) {
      if (reachedPerson === person) return path;
      for (const link of linksOf.get(reachedPerson) ?? []) {
        const by = canonical(link.by.person);
        if (!reached.has(by)) reached.set(by, [link, ...path]);
      }
    }
    return null;
  }

  function access(person: string, holder: string): string | null {
    if (isSame(person, holder)) return 'Both accounts belong to one person.';
    const path = linksBetween(canonical(person), canonical(holder));
    return path === null ? null : path.map(sentence).join(' ');
  }
  const relation = (a: string, b: string) => access(a, b) ?? access(b, a);

  return {
    relation,
    access,
    independent: (persons) => largestIndependent([...new Set([...persons].map(canonical))].sort(), relation),
    isSame,
    canonical,
  };
}

function sentence({ name, account, by, kind }: AccountLink): string {
  const did = kind === 'created' ? 'created the account' : 'was shown a sign-in link for the account';
  return `${by.name} (${by.account}) ${did} of ${name} (${account}).`;
}

/**
 * Returns the largest set of the given people in which no two are related, that is, treated as one person. A person with at most one
 * relation can always be in the set, so the search covers only the few people with more relations.
 */
function largestIndependent(
  persons: readonly string[],
  relation: (a: string, b: string) => string | null,
): ReadonlySet<string> {
  if (persons.length === 0) return new Set();
  const relatives = (person: string) => persons.filter((each) => each !== person && relation(person, each) !== null);
  const [chosen, ...others] = persons
    .map((person) => ({ person, near: relatives(person) }))
    .sort((a, b) => a.near.length - b.near.length);
  if (!chosen) return new Set();
  const including = ({ person, near }: typeof chosen) => {
    const rest = persons.filter((each) => each !== person && !near.includes(each));
    return new Set([person, ...largestIndependent(rest, relation)]);
  };
  const first = including(chosen);
  if (chosen.near.length <= 1) return first;
  // Every largest set of unrelated people contains `chosen` or a person related to `chosen`, because otherwise `chosen` could be added.
  // Compare the largest set with each of these people.
  return others
    .filter(({ person }) => chosen.near.includes(person))
    .map(including)
    .reduce((best, each) => (each.size > best.size ? each : best), first);
}
