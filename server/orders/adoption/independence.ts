/**
 * Decides which approvers are treated as different people. The functions are pure.
 *
 * A person who created an account, or saw its invitation or credential reset link, could have signed in with the account. This person and
 * the account's holder are therefore treated as one person.
 */

export interface AccountLink {
  readonly person: string;
  readonly name: string;
  readonly account: string;
  readonly by: { readonly person: string; readonly name: string; readonly account: string };
  readonly kind: 'created' | 'link';
}

export interface PeopleFacts {
  /** Pairs of database records of the same human being (`persons.same_as`). Key: id of the newer record. Value: id of the older record. */
  readonly sameAs: ReadonlyMap<string, string>;
  readonly links: readonly AccountLink[];
}

export interface People {
  /** Returns the oldest id of a person who has several ids. */
  canonical(person: string): string;
  relation(a: string, b: string): string | null;
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
