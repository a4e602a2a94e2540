/**
 * Rule for which people count as different people when two must agree. A person who created an account, or saw an invitation or credential
 * reset link of it, could have signed in as that account. Such a pair counts as one person. Pure; `OrderStore.people` reads the facts.
 */

/** A relation of two accounts: the holder of the first one could have signed in as the second one. */
export interface AccountLink {
  readonly person: string;
  readonly name: string;
  readonly account: string;
  readonly by: { readonly person: string; readonly name: string; readonly account: string };
  readonly kind: 'created' | 'link';
}

export interface PeopleFacts {
  /** The older record of the same human, by person (`persons.same_as`). */
  readonly sameAs: ReadonlyMap<string, string>;
  readonly links: readonly AccountLink[];
}

export interface People {
  /** The oldest id of a person with several ids. */
  canonical(person: string): string;
  /** The reason why both people count as one, as a sentence; null for two independent people. */
  relation(a: string, b: string): string | null;
  /** The largest set of people who are independent of one another, as canonical ids. */
  independent(persons: Iterable<string>): ReadonlySet<string>;
}

export function peopleOf({ sameAs, links }: PeopleFacts): People {
  const canonical = (person: string) => sameAs.get(person) ?? person;
  const reasons = new Map<string, string>();
  const key = (a: string, b: string) => [a, b].sort().join(' ');
  for (const link of links) {
    const [person, by] = [canonical(link.person), canonical(link.by.person)];
    if (person !== by && !reasons.has(key(person, by))) reasons.set(key(person, by), sentence(link));
  }

  function relation(first: string, second: string): string | null {
    const [a, b] = [canonical(first), canonical(second)];
    return a === b ? 'Both accounts belong to one person.' : (reasons.get(key(a, b)) ?? null);
  }

  return {
    canonical,
    relation,
    independent: (persons) => largestIndependent([...new Set([...persons].map(canonical))].sort(), relation),
  };
}

function sentence({ name, account, by, kind }: AccountLink): string {
  const did = kind === 'created' ? 'created the account' : 'was shown a sign-in link for the account';
  return `${by.name} (${by.account}) ${did} of ${name} (${account}).`;
}

/**
 * The exact largest set without two related people. A person with at most one relation is always a right choice, and few people have more.
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
  const taking = ({ person, near }: typeof chosen) => {
    const rest = persons.filter((each) => each !== person && !near.includes(each));
    return new Set([person, ...largestIndependent(rest, relation)]);
  };
  const first = taking(chosen);
  if (chosen.near.length <= 1) return first;
  // At least one of the largest sets contains this person or one of the related people.
  return others
    .filter(({ person }) => chosen.near.includes(person))
    .map(taking)
    .reduce((best, each) => (each.size > best.size ? each : best), first);
}
