/**
 * Record of one request in the activity log. A change by a signed-in admin has a durable entry before its handler runs. All other recorded
 * requests have their entry before the response is sent. Only changes and sign-ins fail without their entry.
 */
import { OUTCOME_OK } from '../../shared/activity/activity-entry.ts';
import { asCordonError } from '../../shared/api/failure.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Activity, BegunAction, Recorded, Target } from '../activity/activity.ts';
import { recordingOf, type TargetList, targetsOf } from './recorded-routes.ts';
import type { Caller, Route } from './route.ts';

export type ActivityPort = Pick<Activity, 'begin' | 'record' | 'recordRead' | 'recordTokenUse'>;

interface RequestParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export interface RequestRecord {
  signedIn(caller: Caller): Promise<void>;
  begin(parts: RequestParts): Promise<void>;
  /** Adds devices to the record that neither the path nor the body of the request names. */
  concern(devices: readonly DeviceId[]): void;
  /** Records the success. `account`: account of a request without a signed-in caller. */
  succeeded(reply: unknown, parts: RequestParts, account: () => Promise<string | null>): Promise<void>;
  /** Records a refusal. `account`: account that an unsuccessful sign-in names. */
  failed(thrown: unknown, parts: RequestParts, account: () => Promise<string | null>): Promise<void>;
}

export function createRequestRecord(
  { activity, log }: { readonly activity: ActivityPort; readonly log: { error(facts: object, message: string): void } },
  route: Pick<Route, 'name' | 'method'>,
  source: { readonly address: string; readonly agent: string | undefined },
): RequestRecord {
  const kind = recordingOf(route);
  const concerned: Target[] = [];
  let caller: Caller | null = null;
  let begun: { readonly action: BegunAction; readonly targets: TargetList } | null = null;

  const sourceNow = () => ({
    account: caller?.account.id ?? null,
    via: caller?.via ?? null,
    credential: caller?.session?.id ?? caller?.token ?? null,
    address: source.address,
    agent: source.agent ?? null,
  });
  const recorded = (): Recorded => ({ ...sourceNow(), kind: kind ?? 'change', action: route.name });
  const targets = (parts: RequestParts, reply: unknown = null): readonly Target[] => {
    const found = targetsOf(route.name, { ...parts, reply });
    for (const target of concerned) found.add(target);
    return found.all;
  };
  /** Targets that the request did not name when the action began. */
  const furtherTargets = (first: TargetList, reply: unknown = null): readonly Target[] =>
    [...targetsOf(route.name, { params: {}, query: {}, body: {}, reply }).all, ...concerned].filter((target) =>
      first.add(target),
    );
  /** Records without effect on the response: the action has happened or was refused already, or it is only a read. */
  const orLog = async (work: Promise<void>) => {
    try {
      await work;
    } catch (error) {
      log.error({ err: error, route: route.name }, 'a request could not be recorded in the activity log');
    }
  };

  return {
    async signedIn(admin) {
      caller = admin;
      if (admin.via === 'token') await orLog(activity.recordTokenUse(sourceNow()));
    },
    async begin(parts) {
      if (kind !== 'change' || !caller) return;
      const first = targetsOf(route.name, { ...parts, reply: null });
      begun = { action: await activity.begin(recorded(), first.all), targets: first };
    },
    concern(devices) {
      for (const id of devices) concerned.push({ kind: 'device', id });
    },
    async succeeded(reply, parts, named) {
      if (kind === null) return;
      if (begun) return orLog(begun.action.end(OUTCOME_OK, furtherTargets(begun.targets, reply)));
      // A full disk must not hide the devices from the admin who looks for its cause.
      if (kind === 'read') return orLog(activity.recordRead(recorded(), targets(parts)));
      const account = caller === null ? (accountIn(reply) ?? (await named())) : null;
      await activity.record({ ...recorded(), ...(account !== null && { account }) }, OUTCOME_OK, targets(parts, reply));
    },
    async failed(thrown, parts, account) {
      if (kind === null || kind === 'read') return;
      const { code } = asCordonError(thrown);
      if (begun) return orLog(begun.action.end(code, furtherTargets(begun.targets)));
      await orLog(
        (async () => {
          const named = caller === null ? await account() : null;
          const known = named === null ? [] : [{ kind: 'account', id: named }];
          await activity.record(recorded(), code, [...targets(parts), ...known]);
        })(),
      );
    },
  };
}

/** Account of a new session or of a redeemed invitation. */
function accountIn(reply: unknown): string | null {
  const field = (value: unknown, key: string): unknown =>
    value !== null && typeof value === 'object' ? Reflect.get(value, key) : undefined;
  for (const holder of [reply, field(reply, 'session')]) {
    const id = field(field(holder, 'account'), 'id');
    if (typeof id === 'string') return id;
  }
  return null;
}
