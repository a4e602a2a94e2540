import { Readable } from 'node:stream';
import {
  actionConfirmation,
  actionConfirmed,
  actionDetail,
  actionList,
  actionParams,
  actionRefusal,
  actionView,
} from '../../shared/api/actions.ts';
import { newCode } from '../../shared/api/codes.ts';
import { policyParams } from '../../shared/api/policies.ts';
import { reassignmentRequest } from '../../shared/api/reassignment.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { ActionContent, Actions, Actor, StoredAction } from '../admins/actions.ts';
import type { Admins } from '../admins/admins.ts';
import type { Account } from '../admins/ports.ts';
import type { Devices } from '../devices/devices.ts';
import type { People } from '../people/people.ts';
import type { Policies } from '../policies/policies.ts';
import { effectsOfAction, type PlacementEffectsPorts } from './placement-effects.ts';
import { type Caller, type Route, route } from './route.ts';

const DEVICES_SHOWN = 1_000;
const USERS_SHOWN = 20;

export interface ActionsPorts {
  readonly actions: Actions;
  readonly admins: Pick<Admins, 'namesOf'>;
  readonly devices: Pick<Devices, 'get' | 'placements' | 'getGroup'>;
  readonly orders: PlacementEffectsPorts['orders'];
  readonly persons: Pick<People, 'named'>;
  readonly devicePolicies: Pick<Policies, 'get'>;
  /** Repeats the request of a confirmed action on behalf of its proposer, with the proposer's current grants. */
  readonly perform: (content: ActionContent, proposer: Account, confirmer: Account) => Promise<unknown>;
}

export function actorOf({ account, session, destructive }: Caller, confirmation: string | null): Actor {
  const proof =
    session === null
      ? ({ via: 'token', destructive } as const)
      : ({
          via: 'session',
          authenticatedAt: session.authenticatedAt,
          byRecoveryCode: session.byRecoveryCode,
        } as const);
  return { account, proof, confirmation };
}

/**
 * Returns the function that performs an action after a second person has confirmed the action. The function reads `routes` only when it
 * performs an action, so the caller may add routes later.
 */
export function performer(routes: readonly Route[]): ActionsPorts['perform'] {
  return async ({ route: name, params, body, devices }, proposer, confirmer) => {
    const found = routes.find((known) => known.name === name);
    if (!found) throw new CordonError('internal', `there is no route ${name} for a confirmed action`);
    if (proposer.status !== 'active') {
      throw new CordonError(
        'forbidden',
        'The account that proposed this action is disabled. Propose the action again with an active account.',
      );
    }
    const caller = {
      account: proposer,
      via: 'session',
      session: null,
      destructive: false,
    } as const;
    const reply = await found.run({
      params,
      query: {},
      body,
      caller,
      callerNow: async () => caller,
      // No other check is necessary, because a second person has confirmed this action.
      authorize: async () => undefined,
      // The confirmation has its own entry in the activity log, which names the devices.
      begin: async () => undefined,
      concern: () => undefined,
      readOrder: () => Promise.reject(new CordonError('internal', 'a confirmed action reads no order')),
      confirmed: devices,
      confirmer: confirmer.id,
      address: '',
      userAgent: undefined,
      secure: false,
      upload: Readable.from([]),
      cookie: null,
      browser: null,
      pendingSignIn: null,
      challenge: null,
      confirmation: null,
    });
    return 'body' in reply ? reply.body : null;
  };
}

/** Person for whom each of the first devices enrolls again, by device; empty for an action without a new enrollment. */
function newOwners({ route: name, body, devices }: ActionContent): ReadonlyMap<string, string> {
  if (name === 'devices.reassign') {
    const { pairs = [] } = reassignmentRequest.parse(body);
    return new Map(pairs.slice(0, USERS_SHOWN).map(({ device, person }) => [device, person]));
  }
  if (name !== 'codes.create') return new Map();
  const { person } = newCode.parse(body);
  return new Map(devices.map((device) => [device, person]));
}

function ifUnknown(error: unknown): null {
  if (isCordonError(error, 'not_found')) return null;
  throw error;
}

const accountsOf = (listed: readonly StoredAction[]) =>
  new Set(listed.flatMap(({ account, decidedBy }) => (decidedBy === null ? [account] : [account, decidedBy])));

export function actionRoutes({
  actions,
  admins,
  devices,
  orders,
  persons,
  devicePolicies,
  perform,
}: ActionsPorts): Route[] {
  const viewOf = async (action: StoredAction, reader: Account) => ({
    ...action,
    proposedBy: action.account,
    mine: await actions.isProposer(action, reader),
    confirmable: await actions.mayConfirm(action, reader),
  });
  const policyNameOf = async ({ route: name, params }: ActionContent): Promise<string | null> => {
    const named = name.startsWith('policies.') ? policyParams.safeParse(params) : null;
    if (!named?.success) return null;
    return (await devicePolicies.get(named.data.id).catch(ifUnknown))?.name ?? null;
  };
  return [
    route({
      name: 'actions.list',
      method: 'get',
      path: '/actions',
      summary: 'List destructive actions of the last 30 days that the caller proposed or may decide',
      response: actionList,
      async handler({ caller: { account } }) {
        const listed = await actions.list(account);
        return {
          actions: await Promise.all(listed.map((action) => viewOf(action, account))),
          people: await admins.namesOf(accountsOf(listed)),
          soloLimit: await actions.allowance(account),
        };
      },
    }),
    route({
      name: 'actions.show',
      method: 'get',
      path: '/actions/:id',
      summary: 'Show a destructive action and its devices',
      params: actionParams,
      response: actionDetail,
      async handler({ params, caller: { account } }) {
        const action = await actions.get(params.id, account);
        const content = actions.contentOf(action);
        const { params: named, body, devices: affected } = content;
        const people = await admins.namesOf(accountsOf([action]));
        const owners = newOwners(content);
        const names = await persons.named([...new Set(owners.values())]);
        const sample = await Promise.all(
          affected.slice(0, USERS_SHOWN).map(async (device) => {
            const known = await devices.get(device).catch(ifUnknown);
            const owner = owners.get(device);
            return {
              device,
              user: known?.user ?? '',
              owner: owner === undefined || owner === known?.person ? null : (names.get(owner)?.name ?? owner),
            };
          }),
        );
        return {
          ...(await viewOf(action, account)),
          scope: affected.slice(0, DEVICES_SHOWN),
          sample,
          params: named,
          body,
          policy: await policyNameOf(content),
          effects: action.status === 'pending' ? await effectsOfAction({ devices, orders }, content) : null,
          confirmers: await actions.confirmersOf(action),
          people,
        };
      },
    }),
    route({
      name: 'actions.confirm',
      method: 'post',
      path: '/actions/:id/confirm',
      summary: 'Confirm a destructive action as the second person',
      params: actionParams,
      body: actionConfirmation,
      response: actionConfirmed,
      async handler({ params, body, caller, confirmation, concern }) {
        concern(actions.contentOf(await actions.get(params.id, caller.account)).devices);
        const { action, result } = await actions.confirm(params.id, body.hash, actorOf(caller, confirmation), perform);
        return { action: await viewOf(action, caller.account), result };
      },
    }),
    route({
      name: 'actions.decline',
      method: 'post',
      path: '/actions/:id/decline',
      summary: 'Decline a destructive action, or withdraw your own',
      params: actionParams,
      body: actionRefusal,
      response: actionView,
      async handler({ params, body, caller: { account } }) {
        return viewOf(await actions.decline(params.id, body.reason, account), account);
      },
    }),
  ];
}
