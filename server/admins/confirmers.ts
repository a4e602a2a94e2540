/**
 * Decides who can confirm an action as the second person. The API, the dialogs of the console and the command line use this decision, before
 * an admin proposes an action and when an admin confirms it.
 */
import type { ActionName } from '../../shared/api/action-names.ts';
import type { Confirmers } from '../../shared/api/actions.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import type { People } from '../independence/independence.ts';
import { ACTIONS } from './action-policy.ts';
import type { Account } from './ports.ts';
import { RIGHTS } from './rights.ts';
import { type AccessScope, isAllowed, scopeOf } from './roles.ts';

/** Number of admins that a response names. */
const MOST_NAMED = 5;

export interface ConfirmersPorts {
  readonly people: () => Promise<Pick<People, 'access' | 'relation' | 'isSame'>>;
  readonly accounts: () => Promise<readonly Account[]>;
  /** Throws `out_of_scope` if the scope lacks one of the devices. */
  readonly requireInScope: (devices: readonly DeviceId[], scope: AccessScope) => Promise<void>;
}

/** Action of one person on these devices, proposed already or not. */
export interface Proposal {
  readonly action: ActionName;
  readonly person: PersonId;
  readonly devices: readonly DeviceId[];
}

type Decider = Pick<Account, 'person' | 'grants'>;

export function createConfirmers({ people, accounts, requireInScope }: ConfirmersPorts) {
  async function requireRight({ action, devices }: Omit<Proposal, 'person'>, { grants }: Decider): Promise<void> {
    await requireInScope(devices, scopeOf(ACTIONS[action].right, grants));
  }

  async function hasRight(proposal: Omit<Proposal, 'person'>, decider: Decider): Promise<boolean> {
    try {
      await requireRight(proposal, decider);
      return true;
    } catch (error) {
      if (isCordonError(error, 'forbidden') || isCordonError(error, 'out_of_scope')) return false;
      throw error;
    }
  }

  /** Accounts that can sign in, and that may confirm this action if they are independent of its proposer. */
  async function withRight(proposal: Proposal): Promise<Account[]> {
    const found: Account[] = [];
    // The check of a scope can read many devices. Accounts with equal grants share its result.
    const checked = new Map<string, Promise<boolean>>();
    for (const account of (await accounts()).toSorted((a, b) => a.name.localeCompare(b.name, 'en'))) {
      if (account.status !== 'active' || !account.ready) continue;
      if (!isAllowed(() => scopeOf('actions.confirm', account.grants))) continue;
      const grants = JSON.stringify(account.grants);
      const allowed = checked.get(grants) ?? hasRight(proposal, account);
      checked.set(grants, allowed);
      if (await allowed) found.push(account);
    }
    return found;
  }

  return {
    /** Throws `forbidden` or `out_of_scope` if the account may not decide the action on all of its devices. */
    requireRight,
    hasRight,
    isProposer: async ({ person }: Pick<Proposal, 'person'>, by: Decider): Promise<boolean> =>
      (await people()).isSame(person, by.person),
    isSecondPerson: async ({ person }: Pick<Proposal, 'person'>, by: Decider): Promise<boolean> =>
      (await people()).relation(person, by.person) === null,

    async requireSecondPerson(
      { id, person }: Pick<Proposal, 'person'> & { readonly id: string },
      by: Decider,
    ): Promise<void> {
      const all = await people();
      const relation = all.relation(person, by.person);
      if (relation === null) return;
      const why = all.isSame(person, by.person) ? 'You proposed it.' : `${relation} Both count as one person.`;
      throw new CordonError('same_person', `A second person must confirm this action. ${why}`, { id });
    },

    /** Finds the admins who can confirm the action now. */
    async confirmersOf(proposal: Proposal): Promise<Confirmers> {
      const all = await people();
      const others = (await withRight(proposal)).filter(({ person }) => !all.isSame(proposal.person, person));
      const able = others.filter(({ person }) => all.relation(proposal.person, person) === null);
      return {
        names: able.slice(0, MOST_NAMED).map(({ name }) => name),
        more: able.length > MOST_NAMED,
        remedy: able.length > 0 ? null : remedyOf(proposal, others, all),
      };
    },
  };
}

/** `related`: the other accounts with the right, of which each counts as one person with the proposer (ADR 33). */
function remedyOf(
  { action, person }: Proposal,
  related: readonly Account[],
  people: Pick<People, 'access' | 'relation'>,
): string {
  const { right } = ACTIONS[action];
  const role = `a role with the right ${right}, such as ${RIGHTS[right].roles.join(' or ')}`;
  const [first] = related;
  if (!first) {
    return `No other admin has the right ${right} for these devices. Invite two people with ${role}. One of them then proposes the action, and the other confirms it.`;
  }
  const why = `${listed(related.map(({ name }) => name))} and you count as one person, because one account created the other or was shown its sign-in link.`;
  for (const proposer of related) {
    const second = related.find((one) => people.relation(proposer.person, one.person) === null);
    if (second) return `${why} Ask ${proposer.name} to propose the action. ${second.name} can then confirm it.`;
  }
  // Two accounts that one person created are independent of each other.
  const created = related.find((one) => people.access(person, one.person) !== null);
  return created
    ? `${why} Invite another person with ${role}. ${created.name} can then propose the action, and the new person can confirm it.`
    : `${why} Ask ${first.name} to invite another person with ${role}. The new person can then confirm the action.`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED);
  return names.length > shown.length ? `${shown.join(', ')} and others` : shown.join(', ');
}
