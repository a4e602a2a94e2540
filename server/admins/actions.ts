/**
 * Destructive actions. The module enforces the step-up sign-in and the second person of `action-policy.ts`, and stores pending actions
 * until a second person decides. All times come from the system clock, except the field `at` of ledger entries.
 */
import { createHash } from 'node:crypto';
import type { ActionName } from '../../shared/api/action-names.ts';
import type { Confirmers, SecondPerson } from '../../shared/api/actions.ts';
import { confirmersText } from '../../shared/api/confirmation-words.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type AccountId, type ActionId, type DeviceId, newActionId, type PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { ActionConfirmations } from './action-confirmation.ts';
import {
  ACTIONS,
  PENDING_LASTS,
  type Proof,
  peopleNeeded,
  proofSuffices,
  RECOVERY_ACTIONS,
  SOLO_WINDOW,
  soloLimit,
} from './action-policy.ts';
import { type ConfirmersPorts, createConfirmers, type Proposal } from './confirmers.ts';
import type { Account, ActionConfirmation } from './ports.ts';
import { PROVIDER_ROLES_LAST, withoutStaleRoles } from './provider-roles.ts';
import type { RouteName } from './rights.ts';

/** Maximum number of pending actions of one person. More actions would hide other people's actions in the list. */
const PENDING_OF_ONE = 20;
/** Milliseconds for which a decided action stays in the list of actions. */
const LISTED_FOR = 30 * 24 * 3_600_000;
const LISTED_AT_MOST = 100;

export type ActionStatus = 'pending' | 'confirmed' | 'performed' | 'failed' | 'declined' | 'expired';

export interface StoredAction {
  readonly id: ActionId;
  readonly action: ActionName;
  readonly route: RouteName;
  /** Content of the action (`ActionContent`) as JSON. `hash` is the SHA-256 of this text. */
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
  readonly outcome: string | null;
}

export interface ActionContent {
  readonly action: ActionName;
  readonly route: RouteName;
  readonly params: unknown;
  readonly body: unknown;
  readonly devices: readonly DeviceId[];
}

export interface ActionStore {
  /**
   * Checks the limit on devices on which a person may act destructively alone. Passes to `allow` the number of these devices since `since`,
   * including `devices`, and the number of active devices. Stores `devices` and returns true only if `allow` returns true. Concurrent calls
   * count each other's devices.
   */
  useSoloLimit(
    use: {
      readonly person: PersonId;
      readonly devices: readonly DeviceId[];
      readonly at: number;
      readonly since: number;
    },
    allow: (count: { readonly used: number; readonly fleet: number }) => boolean,
  ): Promise<boolean>;
  soloUse(person: PersonId, since: number): Promise<{ readonly used: number; readonly fleet: number }>;
  /**
   * Stores an action that waits for a second person, and its ledger entry. If the proposer already has a pending action with the same
   * content hash, returns that action and stores nothing. Returns null if the proposer already has `atMost` pending actions.
   */
  propose(action: StoredAction, entry: EntryDraft<'action.proposed'>, atMost: number): Promise<StoredAction | null>;
  get(id: ActionId): Promise<StoredAction | null>;
  list(since: number, limit: number): Promise<StoredAction[]>;
  /** Decides a pending action, and stores the passkey's assertion about the decision. Returns false if the action is no longer pending or has expired. */
  decide(
    id: ActionId,
    decision: { status: 'confirmed' | 'declined'; at: number; by: AccountId; reason: string | null },
    entry: EntryDraft<'action.confirmed'> | EntryDraft<'action.declined'>,
    confirmation: ActionConfirmation | null,
  ): Promise<boolean>;
  finish(id: ActionId, status: 'performed' | 'failed', outcome: string | null): Promise<void>;
}

export interface ActionsPorts extends ConfirmersPorts {
  readonly store: ActionStore;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly account: (id: AccountId) => Promise<Account>;
  readonly passkeys: ActionConfirmations;
  /** Milliseconds after an authenticator code during which a session may perform grave actions. The demo uses a longer time. */
  readonly stepUpWithin: number;
  readonly now?: () => number;
}

export interface Actor {
  readonly account: Account;
  readonly proof: Proof;
  /** Confirmation of the action by a passkey, as the client sent it; null without one. */
  readonly confirmation: string | null;
}

const NOT_NEEDED: SecondPerson = { needed: false, names: [], more: false, remedy: null };

export type Actions = ReturnType<typeof createActions>;

export function createActions(ports: ActionsPorts) {
  return { ...createAuthorization(ports), ...createDecisions(ports) };
}

function createAuthorization(ports: ActionsPorts) {
  const { store, clock, bus, passkeys, stepUpWithin, now = Date.now } = ports;
  const { confirmersOf } = createConfirmers(ports);

  async function propose(by: Account, content: ActionContent): Promise<CordonError> {
    const confirmers = await confirmersOf({ ...content, person: by.person });
    if (confirmers.remedy !== null) {
      const detail = `A second person must confirm the action ${content.action}, and nobody can. Nothing was changed. ${confirmers.remedy}`;
      return new CordonError('no_second_person', detail, { action: content.action, devices: content.devices.length });
    }
    const proposed = newAction(by, content, now());
    const pending = await store.propose(
      proposed,
      entryOf('action.proposed', clock.now(), proposed, by.id),
      PENDING_OF_ONE,
    );
    if (!pending) {
      return new CordonError(
        'rate_limited',
        `You have ${PENDING_OF_ONE} pending actions. Wait until a second person decides them, or decline some.`,
      );
    }
    bus.publish({ kind: 'accounts' });
    const { id, action, expiresAt, devices } = pending;
    const until = new Date(expiresAt).toISOString();
    const why = ACTIONS[action].people === 'limit' ? ` One person may destroy ${await limitText()} in 24 hours.` : '';
    return new CordonError(
      'second_person_required',
      `The action ${action} for ${devices} ${devices === 1 ? 'device' : 'devices'} was recorded as ${id}.${why} A second person must confirm it before ${until}: cordon actions confirm ${id}. ${confirmersText(confirmers)}`,
      { action: id, devices, expiresAt, confirmers: confirmers.names },
    );
  }

  async function limitText(): Promise<string> {
    const { fleet } = await store.soloUse('' as PersonId, now());
    return `at most ${soloLimit(fleet)} devices`;
  }

  /**
   * Confirms the action with the caller's passkey, if the installation requires passkeys and no API token may perform the action. Returns
   * false if no such confirmation is necessary. The action `action.confirm` requires its own confirmation, over the content of the
   * confirmed action.
   */
  async function confirmed({ account, proof, confirmation }: Actor, content: ActionContent): Promise<boolean> {
    const { action } = content;
    const applies = passkeys.requiresPasskeys && ACTIONS[action].tokens === 'never' && action !== 'action.confirm';
    if (!applies || proof.via !== 'session' || !(await passkeys.holdsPasskey(account))) return false;
    if (proof.byRecoveryCode && RECOVERY_ACTIONS.has(action)) return false;
    const text = textOf(content);
    const kept = await passkeys.confirmAction(account, { action, ...text }, confirmation);
    await passkeys.keepConfirmation(kept, {
      kind: 'action.signed',
      at: clock.now(),
      subject: account.id,
      public: { action, hash: text.hash, assertion: kept.digest },
    });
    return true;
  }

  /** True if `confirm` will require a passkey. The passkey then replaces the step-up. */
  const confirmsLater = async ({ account, proof }: Actor, { action }: ActionContent): Promise<boolean> =>
    action === 'action.confirm' && proof.via === 'session' && (await passkeys.holdsPasskey(account));

  return {
    /**
     * Returns normally if the caller may perform the action alone. Throws `step_up_required` if the caller must first confirm their identity,
     * and `passkey_required` if a passkey must confirm the action. Throws `second_person_required` if the action needs a second person; the
     * function has then stored the action as pending. Throws `no_second_person`, and stores nothing, if nobody could confirm the action.
     */
    async authorize(actor: Actor, content: ActionContent): Promise<void> {
      const { account: by, proof } = actor;
      const rule = ACTIONS[content.action];
      if (!(await confirmed(actor, content)) && !(await confirmsLater(actor, content))) {
        requireProof(content.action, proof, { devices: content.devices.length, now: now(), within: stepUpWithin });
      }
      const counted = { person: by.person, devices: content.devices };
      const solo = await (rule.people === 'limit'
        ? store.useSoloLimit(
            { ...counted, at: now(), since: now() - SOLO_WINDOW },
            (count) => peopleNeeded(rule, count) === 1,
          )
        : peopleNeeded(rule, { used: 0, fleet: 0 }) === 1);
      if (!solo) throw await propose(by, content);
    },

    /**
     * Returns whether a second person must confirm the action if the account requests it now, and who can. Stores nothing. `action`: null if
     * the request needs no action of the policy.
     */
    async secondPerson(
      { person }: Account,
      action: ActionName | null,
      devices: readonly DeviceId[],
    ): Promise<SecondPerson> {
      if (action === null) return NOT_NEEDED;
      const rule = ACTIONS[action];
      let people: 1 | 2 = rule.people === 2 ? 2 : 1;
      if (rule.people === 'limit' && devices.length > 0) {
        await store.useSoloLimit({ person, devices, at: now(), since: now() - SOLO_WINDOW }, (count) => {
          people = peopleNeeded(rule, count);
          return false;
        });
      }
      return people === 1 ? NOT_NEEDED : { needed: true, ...(await confirmersOf({ action, person, devices })) };
    },

    /**
     * Returns two numbers of devices for 24 hours: on how many the account's person may act alone (`limit`), and on how many the person has
     * acted (`used`).
     */
    async allowance({ person }: Account): Promise<{ limit: number; used: number }> {
      const { used, fleet } = await store.soloUse(person, now() - SOLO_WINDOW);
      return { limit: soloLimit(fleet), used };
    },
  };
}

function createDecisions(ports: ActionsPorts) {
  const { store, clock, bus, account, passkeys, now = Date.now } = ports;
  const { requireRight, hasRight, isProposer, isSecondPerson, requireSecondPerson, confirmersOf } =
    createConfirmers(ports);

  async function found(id: ActionId): Promise<StoredAction> {
    const action = await store.get(id);
    if (action) return withExpiry(action, now());
    throw new CordonError('not_found', `There is no action ${id}. List the actions with GET /api/v1/actions.`, { id });
  }

  async function decide(
    action: StoredAction,
    { id: by }: Account,
    status: 'confirmed' | 'declined',
    { reason = null, kept = null }: { readonly reason?: string | null; readonly kept?: ActionConfirmation | null },
  ): Promise<void> {
    const entry = entryOf(`action.${status}`, clock.now(), action, by, kept);
    if (await store.decide(action.id, { status, at: now(), by, reason }, entry, kept)) return;
    throw notPending(await found(action.id));
  }

  return {
    async list(reader: Account): Promise<StoredAction[]> {
      const people = await ports.people();
      const listed: StoredAction[] = [];
      for (const action of await store.list(now() - LISTED_FOR, LISTED_AT_MOST)) {
        if (people.isSame(action.person, reader.person) || (await hasRight(proposalOf(action), reader)))
          listed.push(withExpiry(action, now()));
      }
      return listed;
    },

    /** All actions that wait for a second person. */
    async pending(): Promise<StoredAction[]> {
      const listed = await store.list(now() - PENDING_LASTS, LISTED_AT_MOST);
      return listed.map((action) => withExpiry(action, now())).filter(({ status }) => status === 'pending');
    },

    async get(id: ActionId, reader: Account): Promise<StoredAction> {
      const action = await found(id);
      if (!(await isProposer(action, reader))) await requireRight(proposalOf(action), reader);
      return action;
    },

    contentOf,
    isProposer,

    /** Whether the reader counts as a second person for a pending action. The right to decide it is checked by `list` and `get`. */
    async mayConfirm(action: StoredAction, reader: Account): Promise<boolean> {
      return action.status === 'pending' && (await isSecondPerson(action, reader));
    },

    /** Admins who can confirm a pending action now; null for a decided action. */
    confirmersOf: async (action: StoredAction): Promise<Confirmers | null> =>
      action.status === 'pending' ? confirmersOf(proposalOf(action)) : null,

    /**
     * Records that a second person confirms the action with the content hash `hash`, then runs `perform` with this content. If the server
     * stopped during `perform`, the same account may confirm the action again.
     */
    async confirm<R>(
      id: ActionId,
      hash: string,
      { account: by, proof, confirmation }: Actor,
      perform: (content: ActionContent, proposer: Account, confirmer: Account) => Promise<R>,
    ): Promise<{ readonly action: StoredAction; readonly result: R }> {
      const holds = proof.via === 'session' && (await passkeys.holdsPasskey(by));
      if (!holds) requireProof('action.confirm', proof, { devices: 1, now: now(), within: ports.stepUpWithin });
      const action = await found(id);
      await requireRight(proposalOf(action), by);
      await requireSecondPerson(action, by);
      if (action.hash !== hash) {
        throw new CordonError('conflict', 'The hash is not the hash of this action. Read the action again.', { id });
      }
      const kept = holds ? await passkeys.confirmAction(by, action, confirmation) : null;
      const interrupted = action.status === 'confirmed' && action.decidedBy === by.id;
      if (!interrupted) await decide(action, by, 'confirmed', { kept });
      try {
        const proposer = withoutStaleRoles(await account(action.account), now(), PROVIDER_ROLES_LAST.session);
        const result = await perform(contentOf(action), proposer, by);
        await store.finish(id, 'performed', null);
        return { action: await found(id), result };
      } catch (error) {
        await store.finish(
          id,
          'failed',
          isCordonError(error) ? error.message : 'The server failed. Look at its log for the reason.',
        );
        throw error;
      } finally {
        bus.publish({ kind: 'accounts' });
      }
    },

    /** Declines a pending action. The proposer and every account that could confirm the action may decline it. */
    async decline(id: ActionId, reason: string, by: Account): Promise<StoredAction> {
      const action = await found(id);
      if (!(await isProposer(action, by))) await requireRight(proposalOf(action), by);
      await decide(action, by, 'declined', { reason });
      bus.publish({ kind: 'accounts' });
      return found(id);
    },
  };
}

function requireProof(
  action: ActionName,
  proof: Proof,
  request: { readonly devices: number; readonly now: number; readonly within: number },
): void {
  const verdict = proofSuffices(ACTIONS[action], proof, request);
  if (verdict === 'yes') return;
  const detail =
    verdict === 'step_up'
      ? `The action ${action} needs a confirmation of your identity that is at most 10 minutes old. Enter an authenticator code or confirm at the identity provider, then repeat the action.`
      : ACTIONS[action].tokens === 'never'
        ? `The action ${action} needs a session: no token may perform it. Sign in with password and code.`
        : `The action ${action} needs a session, or a token that was created with "destructive". Sign in with password and code.`;
  throw new CordonError('step_up_required', detail, { action, token: proof.via === 'token' });
}

function textOf(content: ActionContent): { readonly content: string; readonly hash: string } {
  const text = JSON.stringify(content);
  return { content: text, hash: createHash('sha256').update(text).digest('hex') };
}

function newAction(by: Account, content: ActionContent, at: number): StoredAction {
  return {
    id: newActionId(),
    action: content.action,
    route: content.route,
    ...textOf(content),
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
}

const entryOf = <K extends 'action.proposed' | 'action.confirmed' | 'action.declined'>(
  kind: K,
  at: number,
  { id, action, hash, devices }: StoredAction,
  by: AccountId,
  kept: ActionConfirmation | null = null,
): EntryDraft<K> => ({
  kind,
  at,
  subject: by,
  public: { id, action, hash, devices, ...(kept && { assertion: kept.digest }) },
});

const proposalOf = (action: StoredAction): Proposal => ({
  action: action.action,
  person: action.person,
  devices: contentOf(action).devices,
});

function contentOf({ content }: StoredAction): ActionContent {
  return JSON.parse(content);
}

function withExpiry(action: StoredAction, now: number): StoredAction {
  return action.status === 'pending' && action.expiresAt <= now ? { ...action, status: 'expired' } : action;
}

function notPending({ id, status }: StoredAction): CordonError {
  return new CordonError('conflict', `The action is ${status}, so it can no longer be decided.`, { id, status });
}
