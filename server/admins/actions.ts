/**
 * Destructive actions: demands the step-up sign-in and the second person that `action-policy.ts` asks for, and keeps pending actions until
 * a second person decides them. It performs no action: the API does, through the `perform` of `confirm`. All times are real time, except
 * the `at` of ledger entries.
 */
import { createHash } from 'node:crypto';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { type AccountId, type ActionId, type DeviceId, newActionId, type PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import {
  ACTIONS,
  type ActionName,
  ALONE_WITHIN,
  aloneLimit,
  PENDING_LASTS,
  type Proof,
  peopleNeeded,
  proofSuffices,
} from './action-policy.ts';
import type { Account } from './ports.ts';
import { type RightName, type RouteName, reachOf } from './roles.ts';

/** More proposals of one person would bury the others. */
const PENDING_OF_ONE = 20;
/** How long a decided action stays in the list. */
const LISTED_FOR = 30 * 24 * 3_600_000;
const LISTED_AT_MOST = 100;

export type ActionStatus = 'pending' | 'confirmed' | 'performed' | 'failed' | 'declined' | 'expired';

export interface StoredAction {
  readonly id: ActionId;
  readonly action: ActionName;
  readonly route: RouteName;
  /** `ActionContent` as JSON; `hash` is its SHA-256. */
  readonly content: string;
  readonly hash: string;
  readonly devices: number;
  readonly account: AccountId;
  readonly person: PersonId;
  readonly proposedAt: number;
  readonly expiresAt: number;
  readonly status: ActionStatus;
  readonly decidedAt: number | null;
  readonly decidedBy: AccountId | null;
  readonly reason: string | null;
  /** Why a confirmed action failed. */
  readonly outcome: string | null;
}

/** Everything that the request was made of, with the devices that it reached at that moment. */
export interface ActionContent {
  readonly action: ActionName;
  readonly route: RouteName;
  readonly params: unknown;
  readonly body: unknown;
  readonly devices: readonly DeviceId[];
}

export interface ActionStore {
  /**
   * Counts the devices that the person acted on since `since`, together with `devices`. Records `devices` when `allow` accepts the
   * count and the size of the active fleet; returns what `allow` returned. Concurrent calls see each other.
   */
  takeAlone(
    taken: {
      readonly person: PersonId;
      readonly account: AccountId;
      readonly action: ActionName;
      readonly devices: readonly DeviceId[];
      readonly at: number;
      readonly since: number;
    },
    allow: (count: { readonly taken: number; readonly fleet: number }) => boolean,
  ): Promise<boolean>;
  /** How many devices the person acted on since then, and the size of the active fleet. */
  taken(person: PersonId, since: number): Promise<{ readonly taken: number; readonly fleet: number }>;
  /**
   * Records a pending action with its ledger entry. Returns the person's pending action of the same hash where there is one. Null when
   * the person has `atMost` pending actions.
   */
  propose(action: StoredAction, leaf: LeafDraft<'action.proposed'>, atMost: number): Promise<StoredAction | null>;
  get(id: ActionId): Promise<StoredAction | null>;
  /** Newest first. */
  list(since: number, limit: number): Promise<StoredAction[]>;
  /** Decides a pending action that has not expired; false when it is not pending any more. */
  decide(
    id: ActionId,
    decision: { status: 'confirmed' | 'declined'; at: number; by: AccountId; reason: string | null },
    leaf: LeafDraft<'action.confirmed'> | LeafDraft<'action.declined'>,
  ): Promise<boolean>;
  finish(id: ActionId, status: 'performed' | 'failed', outcome: string | null): Promise<void>;
}

export interface ActionsPorts {
  readonly store: ActionStore;
  readonly clock: Clock;
  readonly bus: Bus;
  /** Whether the second account may stand beside the first as another person. */
  readonly independent: (first: Account, second: Account) => Promise<boolean>;
  readonly account: (id: AccountId) => Promise<Account>;
  /** Throws `out_of_scope` when the reach does not include all of the devices. */
  readonly requireReached: (devices: readonly DeviceId[], reach: ReturnType<typeof reachOf>) => Promise<void>;
  /** How long an authenticator code counts; longer in the demo alone. */
  readonly stepUpWithin: number;
  readonly now?: () => number;
}

export interface Actor {
  readonly account: Account;
  readonly proof: Proof;
}

export type Actions = ReturnType<typeof createActions>;

export function createActions({ store, clock, bus, independent, account, requireReached, ...ports }: ActionsPorts) {
  const now = ports.now ?? Date.now;

  function requireProof(action: ActionName, proof: Proof, devices: number): void {
    const verdict = proofSuffices(ACTIONS[action], proof, { devices, now: now(), within: ports.stepUpWithin });
    if (verdict === 'yes') return;
    const detail =
      verdict === 'step_up'
        ? `The action ${action} needs an authenticator code that is at most 10 minutes old. Give a new code, then repeat the action.`
        : ACTIONS[action].tokens === 'never'
          ? `The action ${action} needs a session: no token may perform it. Sign in with password and code.`
          : `The action ${action} needs a session, or a token that was created with "destructive". Sign in with password and code.`;
    throw new CordonError('step_up_required', detail, { action, token: proof.via === 'token' });
  }

  /**
   * Returns when the caller may perform the action alone, now. Throws `step_up_required`, or `second_person_required` after it recorded the
   * request as a pending action.
   */
  async function authorize({ account: by, proof }: Actor, content: ActionContent): Promise<void> {
    const rule = ACTIONS[content.action];
    requireProof(content.action, proof, content.devices.length);
    const counted = { person: by.person, account: by.id, action: content.action, devices: content.devices };
    const alone = await (rule.people === 'limit'
      ? store.takeAlone(
          { ...counted, at: now(), since: now() - ALONE_WITHIN },
          (count) => peopleNeeded(rule, count) === 1,
        )
      : peopleNeeded(rule, { taken: 0, fleet: 0 }) === 1);
    if (!alone) throw await propose(by, content);
  }

  async function propose(by: Account, content: ActionContent): Promise<CordonError> {
    const { action } = content;
    const text = JSON.stringify(content);
    const at = now();
    const wanted: StoredAction = {
      id: newActionId(),
      action,
      route: content.route,
      content: text,
      hash: createHash('sha256').update(text).digest('hex'),
      devices: content.devices.length,
      account: by.id,
      person: by.person,
      proposedAt: at,
      expiresAt: at + PENDING_LASTS,
      status: 'pending',
      decidedAt: null,
      decidedBy: null,
      reason: null,
      outcome: null,
    };
    const pending = await store.propose(wanted, leafOf('action.proposed', wanted, by.id), PENDING_OF_ONE);
    if (!pending) {
      return new CordonError(
        'rate_limited',
        `You have ${PENDING_OF_ONE} pending actions. Wait until a second person decides them, or decline some.`,
      );
    }
    bus.publish({ kind: 'accounts' });
    const { id, expiresAt, devices } = pending;
    const until = new Date(expiresAt).toISOString();
    const why = ACTIONS[action].people === 'limit' ? ` One person may destroy ${await limitText()} in 24 hours.` : '';
    return new CordonError(
      'second_person_required',
      `The action ${action} for ${devices} ${devices === 1 ? 'device' : 'devices'} was recorded as ${id}.${why} A second person must confirm it before ${until}: cordon actions confirm ${id}`,
      { action: id, devices, expiresAt },
    );
  }

  async function limitText(): Promise<string> {
    const { fleet } = await store.taken('' as PersonId, now());
    return `at most ${aloneLimit(fleet)} devices`;
  }

  const leafOf = <K extends 'action.proposed' | 'action.confirmed' | 'action.declined'>(
    kind: K,
    { id, action, hash, devices }: StoredAction,
    by: AccountId,
  ): LeafDraft<K> => ({ kind, at: clock.now(), subject: by, public: { id, action, hash, devices } });

  async function found(id: ActionId): Promise<StoredAction> {
    const action = await store.get(id);
    if (action) return withExpiry(action, now());
    throw new CordonError('not_found', `There is no action ${id}. List the actions with GET /api/v1/actions.`, { id });
  }

  /** The devices that the action was proposed for. */
  const devicesOf = (action: StoredAction): readonly DeviceId[] => contentOf(action).devices;

  /** Throws unless the account holds the action's right for all of its devices. */
  async function requireRight(action: StoredAction, { grants }: Account): Promise<void> {
    const right: RightName = ACTIONS[action.action].right;
    await requireReached(devicesOf(action), reachOf(right, grants));
  }

  async function mayDecide(action: StoredAction, who: Account): Promise<boolean> {
    try {
      await requireRight(action, who);
      return true;
    } catch (error) {
      if (isCordonError(error, 'forbidden') || isCordonError(error, 'out_of_scope')) return false;
      throw error;
    }
  }

  async function requireSecondPerson(action: StoredAction, who: Account): Promise<void> {
    if (action.person !== who.person && (await independent(await account(action.account), who))) return;
    throw new CordonError(
      'same_person',
      'A second person must confirm this action. You proposed it, or one of the two accounts created the other.',
      { id: action.id },
    );
  }

  return {
    authorize,

    /** Actions that the account proposed or may decide: pending ones, and those of the last 30 days. */
    async list(who: Account): Promise<StoredAction[]> {
      const listed: StoredAction[] = [];
      for (const action of await store.list(now() - LISTED_FOR, LISTED_AT_MOST)) {
        if (action.person === who.person || (await mayDecide(action, who))) listed.push(withExpiry(action, now()));
      }
      return listed;
    },

    async get(id: ActionId, who: Account): Promise<StoredAction> {
      const action = await found(id);
      if (action.person !== who.person) await requireRight(action, who);
      return action;
    },

    contentOf,

    /** How many devices the account's person may still destroy alone. */
    async allowance({ person }: Account): Promise<{ limit: number; taken: number }> {
      const { taken, fleet } = await store.taken(person, now() - ALONE_WITHIN);
      return { limit: aloneLimit(fleet), taken };
    },

    /**
     * The second person's consent to exactly the content of `hash`; then `perform` runs with the content as it was proposed. A confirmation
     * whose performance was cut off may be repeated by the same account.
     */
    async confirm<R>(
      id: ActionId,
      hash: string,
      { account: by, proof }: Actor,
      perform: (content: ActionContent, proposer: Account) => Promise<R>,
    ): Promise<{ readonly action: StoredAction; readonly result: R }> {
      requireProof('action.confirm', proof, 1);
      const action = await found(id);
      await requireRight(action, by);
      await requireSecondPerson(action, by);
      if (action.hash !== hash) {
        throw new CordonError('conflict', 'The hash is not the hash of this action. Read the action again.', { id });
      }
      const cutOff = action.status === 'confirmed' && action.decidedBy === by.id;
      if (!cutOff) {
        const decision = { status: 'confirmed', at: now(), by: by.id, reason: null } as const;
        if (!(await store.decide(id, decision, leafOf('action.confirmed', action, by.id)))) {
          throw notPending(await found(id));
        }
      }
      try {
        const result = await perform(contentOf(action), await account(action.account));
        await store.finish(id, 'performed', null);
        return { action: await found(id), result };
      } catch (error) {
        await store.finish(id, 'failed', isCordonError(error) ? error.message : 'The server failed; its log says why.');
        throw error;
      } finally {
        bus.publish({ kind: 'accounts' });
      }
    },

    /** By the proposer, or by an account that could confirm the action. */
    async decline(id: ActionId, reason: string, by: Account): Promise<StoredAction> {
      const action = await found(id);
      if (action.person !== by.person) await requireRight(action, by);
      const decision = { status: 'declined', at: now(), by: by.id, reason } as const;
      if (!(await store.decide(id, decision, leafOf('action.declined', action, by.id)))) {
        throw notPending(await found(id));
      }
      bus.publish({ kind: 'accounts' });
      return found(id);
    },
  };
}

function contentOf({ content }: StoredAction): ActionContent {
  return JSON.parse(content);
}

function withExpiry(action: StoredAction, now: number): StoredAction {
  return action.status === 'pending' && action.expiresAt <= now ? { ...action, status: 'expired' } : action;
}

function notPending({ id, status }: StoredAction): CordonError {
  return new CordonError('conflict', `The action is ${status}: nobody can decide it any more.`, { id, status });
}
