/** Creates activation codes over the API for a user's name. Each name is one person, who joins the group of each code. */
import { createdCode } from '../../shared/api/codes.ts';
import { personPage, personView } from '../../shared/api/people.ts';
import { foldedName } from '../../shared/order/person.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Caller } from './people.ts';

export interface CodeDraft {
  readonly user: string;
  readonly group: string | undefined;
  readonly home?: string | null;
  readonly seat?: string | null;
  readonly mailConnector?: boolean;
  /** E-mail address of a new person. */
  readonly email?: string;
}

export function createCodes(api: Pick<Caller, 'call'>) {
  const people = new Map<string, Promise<{ readonly id: string; readonly groups: Set<string> }>>();

  async function personOf(name: string, group: string, email: string | null) {
    const query = new URLSearchParams({ name, limit: '1' });
    const [known] = (await api.call('GET', `/people?${query}`, personPage)).people;
    const person = known ?? (await api.call('POST', '/people', personView, { name, email, groups: [group] }));
    return { id: person.id, groups: new Set<string>(person.groups.map(({ id }) => id)) };
  }

  return async ({ user, group = '', email, ...rest }: CodeDraft): Promise<{ id: DeviceId; link: string }> => {
    const key = foldedName(user);
    const found = people.get(key) ?? personOf(user, group, email ?? null);
    people.set(key, found);
    const person = await found;
    if (!person.groups.has(group)) {
      person.groups.add(group);
      await api.call('PATCH', `/people/${person.id}`, personView, { groups: [...person.groups] });
    }
    return api.call('POST', '/codes', createdCode, { person: person.id, group, ...rest });
  };
}
