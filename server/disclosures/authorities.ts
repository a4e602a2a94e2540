/**
 * Registry of authorities. The desk seals a production only to a key that two independent people of the role `legal` have verified with the
 * authority out of band: the first names the key, the second enters its fingerprint.
 */
import { parseRecipient } from '../../shared/age/seal-to.ts';
import type { AuthorityView } from '../../shared/api/disclosures.ts';
import { CordonError } from '../../shared/errors.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type AuthorityId, newAuthorityId, type PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { AuthorityRow, AuthorityStore, DisclosureStore, LegalPeople } from './ports.ts';

/** Maximum number of authorities in the registry. */
const MOST_AUTHORITIES = 1_000;

export function createAuthorities(ports: {
  readonly store: AuthorityStore;
  readonly names: DisclosureStore['names'];
  readonly legal: Pick<LegalPeople, 'people'>;
  readonly clock: Clock;
  readonly changed: () => void;
}) {
  const { store, names, legal, clock, changed } = ports;

  async function find(id: AuthorityId): Promise<AuthorityRow> {
    const row = await store.authority(id);
    if (row) return row;
    throw new CordonError('not_found', `There is no authority ${id}. List them: cordon authorities list.`);
  }

  async function view(rows: readonly AuthorityRow[]): Promise<AuthorityView[]> {
    const known = await names(rows.flatMap((row) => [row.addedBy, row.confirmedBy, row.revokedBy].filter(isPerson)));
    const named = (person: PersonId) => ({ person, name: known.get(person) ?? person });
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      recipient: row.recipient,
      fingerprint: row.fingerprint,
      state: authorityState(row),
      added: { ...named(row.addedBy), at: row.addedAt, verifiedBy: row.addedHow },
      confirmed:
        row.confirmedBy === null
          ? null
          : { ...named(row.confirmedBy), at: row.confirmedAt ?? 0, verifiedBy: row.confirmedHow ?? '' },
      revoked:
        row.revokedBy === null
          ? null
          : { ...named(row.revokedBy), at: row.revokedAt ?? 0, reason: row.revokedWhy ?? '' },
    }));
  }

  async function shown(id: AuthorityId): Promise<AuthorityView> {
    const [first] = await view([await find(id)]);
    if (!first) throw new Error('an authority has no view');
    changed();
    return first;
  }

  return {
    find,
    list: async (): Promise<AuthorityView[]> => view(await store.authorities()),

    async add(by: PersonId, name: string, key: string, how: string): Promise<AuthorityView> {
      const recipient = parseRecipient(key);
      if ((await store.authorities()).length >= MOST_AUTHORITIES) {
        throw new CordonError('too_large', `The registry has ${MOST_AUTHORITIES} authorities, which is the maximum.`);
      }
      const id = newAuthorityId();
      const added = { addedBy: by, addedAt: clock.now(), addedHow: how };
      await store.addAuthority({ id, name, recipient, fingerprint: fingerprintOf(recipient), ...added, ...UNDECIDED });
      return shown(id);
    },

    /**
     * Confirms the key of an authority. Throws `same_person` unless the confirming person is independent of the first, and
     * `fingerprint_mismatch` for another fingerprint.
     */
    async confirm(by: PersonId, id: AuthorityId, fingerprint: string, how: string): Promise<AuthorityView> {
      const row = await find(id);
      const people = await legal.people();
      const relation = people.relation(row.addedBy, by);
      if (relation !== null) {
        const detail = `A second, independent person must confirm the key of an authority. ${relation} Both count as one person.`;
        throw new CordonError('same_person', detail);
      }
      if (fingerprint !== row.fingerprint || fingerprintOf(row.recipient) !== row.fingerprint) {
        const detail =
          'The fingerprint is not that of the key in the registry. Compare it with the authority again. If it differs, revoke this entry and add the right key.';
        throw new CordonError('fingerprint_mismatch', detail, { authority: id });
      }
      const at = clock.now();
      await store.confirmAuthority(
        { id, by, at, how },
        { kind: 'authority.pinned', at, subject: `${row.name} ${row.recipient}`, public: {} },
      );
      return shown(id);
    },

    async revoke(by: PersonId, id: AuthorityId, why: string): Promise<AuthorityView> {
      const { name, recipient } = await find(id);
      const at = clock.now();
      await store.revokeAuthority(
        { id, by, at, how: why },
        { kind: 'authority.revoked', at, subject: `${name} ${recipient}`, public: {} },
      );
      return shown(id);
    },
  };
}

export const fingerprintOf = (recipient: string): string => sha256(recipient);

export function authorityState(row: AuthorityRow): 'unconfirmed' | 'verified' | 'revoked' {
  if (row.revokedAt !== null) return 'revoked';
  return row.confirmedAt === null ? 'unconfirmed' : 'verified';
}

const UNDECIDED = {
  confirmedBy: null,
  confirmedAt: null,
  confirmedHow: null,
  revokedBy: null,
  revokedAt: null,
  revokedWhy: null,
};

const isPerson = (person: PersonId | null): person is PersonId => person !== null;
