import { CordonError, isCordonError } from '../../../shared/errors.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import { readKeyPackage } from '../../../shared/seal/key-package.ts';
import type { Member } from '../members/member.ts';
import type { RelayClient } from '../relay-client.ts';

export interface UsablePackage {
  readonly device: DeviceId;
  readonly body: Uint8Array;
}

/**
 * Claims of other devices' key packages, which the server limits (`server/relay/key-packages.ts`). A device that is off for a long time has
 * no valid key package, so claims from it become less and less frequent. The intervals are only in memory.
 */
export interface KeyPackageClaims {
  /**
   * Verified key packages of the given devices, without devices that have none. Claims at once from every device, even before its next
   * interval, because an action of the user waits.
   */
  of(wanted: readonly Member[]): Promise<readonly UsablePackage[]>;
  /**
   * Verified key packages of the given devices whose waiting interval is over; none if the server refuses more claims now. `again`:
   * milliseconds until the next claim, or null if all devices have a key package.
   */
  due(
    wanted: readonly Member[],
  ): Promise<{ readonly packages: readonly UsablePackage[]; readonly again: number | null }>;
  /** Ends the interval of a device that has connected to the server and uploaded its key packages. */
  heardFrom(device: DeviceId): void;
}

/** Milliseconds between the first and the second claim from a device without a usable key package. The interval then doubles each time. */
const FIRST_WAIT = 15_000;
const LONGEST_WAIT = 60 * 60_000;

export function createKeyPackageClaims(ports: {
  readonly device: DeviceId;
  readonly relay: Pick<RelayClient, 'claim'>;
  readonly realNow: () => number;
  readonly alert: (code: string, detail: string, event: string) => void;
}): KeyPackageClaims {
  const { device: own, relay, realNow, alert } = ports;
  const waiting = new Map<DeviceId, { readonly generation: number; readonly at: number; readonly wait: number }>();
  const known = ({ device, generation }: Member) => {
    const found = waiting.get(device);
    return found?.generation === generation ? found : null;
  };

  /** Remaining milliseconds of an interval. If the clock was set back, the result is at most the interval. */
  const waitOf = (member: Member): number => {
    const { at, wait } = known(member) ?? { at: 0, wait: 0 };
    const left = at - realNow();
    return left > wait ? 0 : Math.max(0, left);
  };

  const noteMissingPackage = (member: Member) => {
    const { device, generation } = member;
    const wait = Math.min(LONGEST_WAIT, 2 * (known(member)?.wait ?? FIRST_WAIT / 2));
    waiting.set(device, { generation, at: realNow() + wait, wait });
  };

  const claim = async (others: readonly Member[]): Promise<readonly UsablePackage[]> => {
    const given = await relay.claim(others.map(({ device }) => device));
    const packages: UsablePackage[] = [];
    for (const { device, generation, body } of given) {
      const member = others.find((other) => other.device === device && other.generation === generation);
      try {
        const read = await readKeyPackage(body, realNow());
        if (!member || read.device !== device || read.generation !== generation) continue;
        if (read.signatureKey !== member.signatureKey) {
          const detail = `${device}, enrollment ${generation}: the server gave a key package with another key than the organization has confirmed.`;
          throw new CordonError('unverified_member', detail, { device, generation });
        }
        packages.push({ device, body });
      } catch (error) {
        if (!(error instanceof CordonError)) throw error;
        // One invalid key package does not affect the key packages of other devices. The affected device uploads new ones when it connects.
        alert(error.code, `${device}: ${error.message}`, `${device} ${generation}`);
      }
    }
    return packages;
  };

  const of = async (wanted: readonly Member[]): Promise<readonly UsablePackage[]> => {
    const others = wanted.filter(({ device }) => device !== own);
    try {
      const packages = await claim(others);
      for (const member of others) {
        if (packages.some(({ device }) => device === member.device)) waiting.delete(member.device);
        else noteMissingPackage(member);
      }
      return packages;
    } catch (error) {
      if (isCordonError(error, 'rate_limited')) others.forEach(noteMissingPackage);
      throw error;
    }
  };

  return {
    of,
    async due(wanted) {
      let packages: readonly UsablePackage[] = [];
      try {
        packages = await of(wanted.filter((member) => waitOf(member) === 0));
      } catch (error) {
        if (!isCordonError(error, 'rate_limited')) throw error;
      }
      const missing = wanted.filter((member) => !packages.some(({ device }) => device === member.device));
      return { packages, again: missing.length === 0 ? null : Math.min(...missing.map(waitOf)) };
    },
    heardFrom: (device) => void waiting.delete(device),
  };
}
