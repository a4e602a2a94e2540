/** Sends effective policies and compliance states to connected devices. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { CompliancePort, DevicePoliciesPort } from './ports.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface PolicyDelivery {
  /** Starts the delivery of policies to a new session. `digest`: digest of the policy that the agent already has. */
  begin(session: DeviceSession, digest: string): Promise<void>;
  /** Sends the current policies to those of the given devices whose agents have another policy. */
  devices(devices: readonly DeviceId[]): Promise<void>;
  /** Sends changed policies to all sessions. */
  all(): Promise<void>;
  compliance(device: DeviceId): Promise<void>;
}

/** Maximum number of devices whose policies are computed between two turns of the event loop. */
const SLICE = 256;

export function createPolicyDelivery({
  policies,
  compliance,
  sessions,
}: {
  readonly policies: DevicePoliciesPort;
  readonly compliance: CompliancePort;
  readonly sessions: Pick<Sessions, 'live' | 'all'>;
}): PolicyDelivery {
  /** Digest of the policy that each agent has. Agents that do not support policies have no entry. */
  const sent = new WeakMap<DeviceSession, string>();

  /**
   * Sends policies to a group of sessions. `isNew`: the sessions have just begun, so their agents may need another share for the offline
   * limit.
   */
  async function push(slice: readonly DeviceSession[], isNew = false): Promise<void> {
    const effective = await policies.effectiveFor(slice.map(({ device }) => device));
    for (const session of slice) {
      const policy = effective.get(session.device);
      if (!policy) continue;
      const hasLimit = policy.settings.some(({ setting }) => setting === 'workspace.offline-hours');
      if (policy.digest === sent.get(session) && !(isNew && hasLimit)) continue;
      sent.set(session, policy.digest);
      const settings = policy.settings.map(({ setting, value }) => ({ setting, value: JSON.stringify(value) }));
      const share = hasLimit ? await compliance.offlineShare(session.device) : null;
      session.frames.send({ kind: 'policy', digest: policy.digest, settings, ...(share === null ? {} : { share }) });
    }
  }

  async function state(session: DeviceSession): Promise<void> {
    const { state: name, failing, countdown, taken } = await compliance.state(session.device);
    const actions = countdown.map(({ action, at }) => ({ action, at }));
    const inEffect = Object.entries(taken).flatMap(([action, at]) => (at === undefined ? [] : [{ action, at }]));
    session.frames.send({
      kind: 'compliance',
      state: name,
      failing: [...failing],
      countdown: actions,
      taken: inEffect,
    });
  }

  const taking = (device: DeviceId): DeviceSession | null => {
    const session = sessions.live(device);
    return session && sent.has(session) ? session : null;
  };

  return {
    async begin(session, digest) {
      sent.set(session, digest);
      await push([session], true);
      if (sent.get(session) !== '') await state(session);
    },
    async devices(devices) {
      for (let from = 0; from < devices.length; from += SLICE) {
        const slice = devices.slice(from, from + SLICE).flatMap((device) => taking(device) ?? []);
        if (slice.length > 0) await push(slice);
        if (from + SLICE < devices.length) await new Promise(setImmediate);
      }
    },
    async all() {
      const open = [...sessions.all()].filter((session) => sent.has(session));
      for (let from = 0; from < open.length; from += SLICE) {
        await push(open.slice(from, from + SLICE));
        await new Promise(setImmediate);
      }
    },
    async compliance(device) {
      const session = taking(device);
      if (session) await state(session);
    },
  };
}
