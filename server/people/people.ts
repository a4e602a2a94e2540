/**
 * People: users of devices and holders of admin accounts. The server never identifies a person by name or e-mail address, because two
 * people may have the same name.
 */
import { CordonError } from '../../shared/errors.ts';
import { foldedName } from '../../shared/order/person.ts';
import { type GroupId, newPersonId, type PersonId } from '../../shared/protocol/ids.ts';
import { canonicalEmail } from '../../shared/text/canonical-email.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { inScope, type Scope } from '../devices/devices.ts';
import type { EmailColumns, PeopleStore, Person, PersonFilter, PersonGroup, PersonStatus } from './ports.ts';

export interface PersonDraft {
  readonly name: string;
  readonly email: string | null;
  readonly directoryId: string | null;
  readonly groups: readonly GroupId[];
}

export interface PersonChange extends Partial<PersonDraft> {
  readonly status?: PersonStatus;
}

export interface ListPeople {
  readonly filter: Omit<PersonFilter, 'folded'> & { readonly name?: string };
  readonly scope: Scope;
  readonly cursor: string | null;
  readonly limit: number;
}

export interface PeoplePage {
  readonly people: readonly Person[];
  readonly cursor: string | null;
}

export interface PeoplePorts {
  readonly store: PeopleStore;
  readonly groups: { group(id: GroupId): Promise<(PersonGroup & { readonly expression: string | null }) | null> };
  readonly bus: Bus;
  readonly clock: Clock;
}

export type People = ReturnType<typeof createPeople>;

export function createPeople({ store, groups, bus, clock }: PeoplePorts) {
  /**
   * Finds a person in the admin's scope. Throws `not_found` for an unknown person, and `out_of_scope` unless the scope contains at least
   * one group of the person.
   */
  async function get(id: PersonId, scope: Scope = null): Promise<Person> {
    const person = await store.find(id);
    if (!person) throw unknownPerson(id);
    if (seesPerson(scope, person.groups)) return person;
    throw new CordonError('out_of_scope', 'Your role does not include any group of this person.', { person: id });
  }

  /**
   * Returns a person for whom an admin wants to enroll a device, or whose record the admin wants to change. Throws `out_of_scope` unless
   * the admin's scope contains every group of the person.
   */
  async function personInScope(id: PersonId, scope: Scope): Promise<Person> {
    const person = await get(id, scope);
    if (coversPerson(scope, person.groups)) return person;
    const detail =
      'This person also belongs to groups that your role does not include. Ask an admin whose role includes all groups of the person.';
    throw new CordonError('out_of_scope', detail, { person: id });
  }

  async function requireGroups(ids: readonly GroupId[], scope: Scope): Promise<void> {
    for (const id of ids) {
      const group = await groups.group(id);
      if (!group) throw new CordonError('not_found', `There is no group ${id}. List the groups first.`, { group: id });
      if (group.expression !== null) throw dynamicGroup(id);
      if (inScope(scope, { groups: [id], home: group.home })) continue;
      throw new CordonError('out_of_scope', `Your role does not include the group ${id}.`, { group: id });
    }
  }

  async function create(draft: PersonDraft, scope: Scope = null): Promise<Person> {
    const ids = [...new Set(draft.groups)];
    if (ids.length === 0) {
      throw new CordonError('invalid_input', 'A person belongs to at least one group. Name a group.', {
        field: 'groups',
      });
    }
    await requireGroups(ids, scope);
    requireUnlimited(scope, NO_KEYS, draft);
    const { name, directoryId } = draft;
    const id = newPersonId();
    const columns = { name, folded: foldedName(name), directoryId, ...emailColumns(draft.email) };
    await store.insert({ id, ...columns, groups: ids, createdAt: clock.now() });
    bus.publish({ kind: 'devices' });
    return get(id);
  }

  async function update(id: PersonId, change: PersonChange, scope: Scope = null): Promise<Person> {
    const present = await personInScope(id, scope);
    requireUnlimited(scope, present, change);
    const { name, email, groups: requested, ...rest } = change;
    const ids = requested && [...new Set(requested)];
    if (ids) await requireGroups(ids, scope);
    const changed = await store.update(id, {
      ...rest,
      ...(name === undefined ? {} : { name: { name, folded: foldedName(name) } }),
      ...(email === undefined ? {} : { email: emailColumns(email) }),
      ...(ids === undefined ? {} : { groups: ids }),
      realAt: Date.now(),
    });
    if (!changed) throw unknownPerson(id);
    bus.publish({ kind: 'devices' });
    return get(id);
  }

  async function list({ filter, scope, cursor, limit }: ListPeople): Promise<PeoplePage> {
    const { name, ...rest } = filter;
    const found = await store.list({
      filter: { ...rest, ...(name === undefined ? {} : { folded: foldedName(name) }) },
      scope,
      after: cursor === null ? null : readCursor(cursor),
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const more = found.length > page.length && last;
    return {
      people: page.map(({ person }) => person),
      cursor: more ? `${last.person.id} ${last.folded}` : null,
    };
  }

  /** People by texts that name them: an id, an e-mail address or a directory id. An unknown person is absent. */
  async function named(texts: readonly string[]): Promise<ReadonlyMap<string, Person>> {
    const keys = new Map(texts.map((text) => [text, text.includes('@') ? canonicalEmail(text) : text]));
    const found = await store.findAll([...new Set([...keys.values(), ...keys.keys()])]);
    return new Map(
      [...keys].flatMap(([text, key]) => {
        const person = found.get(text) ?? found.get(key);
        return person ? [[text, person] as const] : [];
      }),
    );
  }

  return { get, personInScope, named, create, update, list };
}

type Keys = Pick<PersonDraft, 'email' | 'directoryId'>;
const NO_KEYS: Keys = { email: null, directoryId: null };

/**
 * Throws `out_of_scope` if an admin whose role is limited to groups or areas enters an e-mail address or a directory id. Both are unique in
 * the whole installation, so the conflict with a person outside the scope would tell the admin that this person exists (ADR 31).
 */
function requireUnlimited(scope: Scope, present: Keys, change: Partial<Keys>): void {
  if (scope === null) return;
  for (const [field, words] of [
    ['email', 'an e-mail address'],
    ['directoryId', 'a directory id'],
  ] as const) {
    const value = change[field] ?? null;
    if (value === null || value === present[field]) continue;
    const detail = `Your role is limited to some groups or areas, so it cannot enter ${words}: the answer could reveal a person outside your role. Leave out the value, or ask an admin whose role covers all devices.`;
    throw new CordonError('out_of_scope', detail, { field });
  }
}

function dynamicGroup(group: GroupId): CordonError {
  const detail =
    'The group is dynamic: an expression selects its devices, so people cannot belong to it. Name a static group.';
  return new CordonError('conflict', detail, { group });
}

/** True if the admin's scope contains at least one group of the person. */
export function seesPerson(scope: Scope, groups: readonly PersonGroup[]): boolean {
  return scope === null || groups.some(({ id, home }) => inScope(scope, { groups: [id], home }));
}

/**
 * True if an admin may enroll or change the person: the scope contains every group of the person. One of several groups is not enough,
 * because a new device of the person can read all of the person's conversations.
 */
export function coversPerson(scope: Scope, groups: readonly PersonGroup[]): boolean {
  if (scope === null) return true;
  return groups.length > 0 && groups.every(({ id, home }) => inScope(scope, { groups: [id], home }));
}

function emailColumns(email: string | null): EmailColumns {
  return { email, emailKey: email === null ? null : canonicalEmail(email) };
}

function readCursor(text: string): { folded: string; id: string } {
  const [, id, folded] = /^(per_[a-z2-7]{16}) (.+)$/s.exec(text) ?? [];
  if (id !== undefined && folded !== undefined) return { id, folded };
  throw new CordonError('invalid_input', 'The cursor belongs to another list. Start without a cursor.', {
    field: 'cursor',
  });
}

const unknownPerson = (id: PersonId): CordonError =>
  new CordonError('not_found', `There is no person ${id}. Search with GET /people.`, { person: id });
