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
 * Claims of other devices' key packages. The server limits the number of claims (`server/relay/key-packages.ts`). A device that is switched
 * off for a long time has no valid key package. Therefore this device claims from such a device at longer and longer intervals. The
 * intervals are only in memory: after a restart, this device claims from all devices again.
 */
export interface KeyPackageClaims {
  /**
   * Returns verified key packages of those given devices that have one. Claims from each device at once, even if its interval is not over,
   * because an action of the user waits.
   */
  of(wanted: readonly Member[]): Promise<readonly UsablePackage[]>;
  /**
   * Returns verified key packages of those given devices whose interval is over; none if the server refuses more claims now. `again`:
   * milliseconds until the next claim, or null if all devices have a key package.
   */
  due(
    wanted: readonly Member[],
  ): Promise<{ readonly packages: readonly UsablePackage[]; readonly again: number | null }>;
  /** Ends the interval for a device that has connected to the server and uploaded its key packages. */
  heardFrom(device: DeviceId): void;
}

/**
 * Milliseconds between the first and the second claim from a device that has no usable key package. Each further interval is twice as long.
 */
const FIRST_WAIT = 15_000;
const LONGEST_WAIT = 60 * 60_000;

export function createKeyPackageClaims(ports: {
  readonly device: DeviceId;
  readonly relay: Pick<RelayClient, 'claim'>;
  readonly realNow: () => number;
  readonly alert: (code: string, detail: string, event: string) => void;
}): KeyPackageClaims {
  const { device: own, relay, realNow, alert } = ports;
  /** Devices that had no usable key package when this device last claimed one from them. */
  const waiting = new Map<DeviceId, { readonly generation: number; readonly at: number; readonly wait: number }>();
  const known = ({ device, generation }: Member) => {
    const found = waiting.get(device);
    return found?.generation === generation ? found : null;
  };

  /** Milliseconds that remain of an interval. If the clock was set back, the result is not longer than the interval. */
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
        // If the key package of one device is invalid, the key packages of the other devices are still returned. The device with the
        // invalid key package uploads new ones when it connects.
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
