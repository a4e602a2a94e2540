/** Ports of the people module, and the types that cross them. Times are domain time. */
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
  /** Number of active devices. */
  readonly devices: number;
  /** Whether the person has an admin account. */
  readonly account: boolean;
}

export interface EmailColumns {
  readonly email: string | null;
  /** Canonical form of the address, which is unique. */
  readonly emailKey: string | null;
}

export interface NewPerson extends EmailColumns {
  readonly id: PersonId;
  readonly name: string;
  /** Result of `foldedName` for the name. */
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
  /** Real time, for codes that the change cancels. */
  readonly realAt: number;
}

export interface PersonFilter {
  /** Part of the name, the e-mail or the identifier. */
  readonly text?: string;
  /** Whole folded name. */
  readonly folded?: string;
  readonly group?: GroupId;
  readonly status?: PersonStatus;
}

export interface PersonQuery {
  readonly filter: PersonFilter;
  /** Limits the list to people with at least one group in this scope. */
  readonly scope: Scope;
  readonly after: { readonly folded: string; readonly id: string } | null;
  readonly limit: number;
}

export interface PeopleStore {
  /** Throws `not_found` for an unknown group, `conflict` when the e-mail or the directory id belongs to another person. */
  insert(person: NewPerson): Promise<void>;
  find(id: PersonId): Promise<Person | null>;
  /** Lists people by folded name, then by identifier. */
  list(query: PersonQuery): Promise<{ readonly person: Person; readonly folded: string }[]>;
  /**
   * False when there is no such person. Throws as `insert` does, and `conflict` when the person has a device or an open code in a group that
   * would be removed. A new name reaches the person's devices in the same transaction.
   */
  update(id: PersonId, change: PersonUpdate): Promise<boolean>;
}
