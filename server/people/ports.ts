import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/devices.ts';

export type PersonStatus = 'active' | 'disabled';

export interface PersonGroup {
  readonly id: GroupId;
  readonly name: string;
  readonly home: HomeArea | null;
}

export interface Person {
  readonly id: PersonId;
  readonly name: string;
  readonly email: string | null;
  readonly directoryId: string | null;
  readonly status: PersonStatus;
  readonly groups: readonly PersonGroup[];
  readonly createdAt: number;
  readonly devices: number;
  readonly account: boolean;
}

export interface EmailColumns {
  readonly email: string | null;
  readonly emailKey: string | null;
}

export interface NewPerson extends EmailColumns {
  readonly id: PersonId;
  readonly name: string;
  readonly folded: string;
  readonly directoryId: string | null;
  readonly groups: readonly GroupId[];
  readonly createdAt: number;
}

export interface PersonUpdate {
  readonly name?: { readonly name: string; readonly folded: string };
  readonly email?: EmailColumns;
  readonly directoryId?: string | null;
  readonly groups?: readonly GroupId[];
  readonly status?: PersonStatus;
  /**
   * Time of the change by the machine's clock. If the change disables the person, the store marks the person's unused activation codes as
   * canceled at this time.
   */
  readonly realAt: number;
}

export interface PersonFilter {
  /** Text to search for in the name, the e-mail address or the identifier. */
  readonly text?: string;
  /** Name of the person, in the form that `foldedName` returns. The filter selects only people with exactly this name. */
  readonly folded?: string;
  readonly group?: GroupId;
  readonly status?: PersonStatus;
}

export interface PersonQuery {
  readonly filter: PersonFilter;
  readonly scope: Scope;
  readonly after: { readonly folded: string; readonly id: string } | null;
  readonly limit: number;
}

export interface PeopleStore {
  /**
   * Adds a person. Throws `not_found` for an unknown group, and `conflict` if the e-mail address or the directory id belongs to another
   * person.
   */
  insert(person: NewPerson): Promise<void>;
  find(id: PersonId): Promise<Person | null>;
  /** People by the key that names them: id, canonical e-mail address or directory id, in this order of precedence. */
  findAll(keys: readonly string[]): Promise<ReadonlyMap<string, Person>>;
  /** Lists people by normalized name, then by identifier. */
  list(query: PersonQuery): Promise<{ readonly person: Person; readonly folded: string }[]>;
  /**
   * In one transaction, changes a person and the user's name on the person's devices. Returns false for an unknown person. Throws
   * `not_found` for an unknown group. Throws `conflict` for another person's e-mail address or directory id, or if a removed group has a
   * device or an open activation code of the person.
   */
  update(id: PersonId, change: PersonUpdate): Promise<boolean>;
}
