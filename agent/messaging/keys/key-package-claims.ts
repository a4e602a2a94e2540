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
 * Claims of other devices' key packages (RFC 9420), with which this device adds them to conversations. The server limits the number of
 * claims (`server/relay/key-packages.ts`). After a claim without a result, the agent therefore waits before it claims from the same device
 * again. These delays grow and are only in memory.
 */
export interface KeyPackageClaims {
  /**
   * Claims key packages of the given devices and returns those that are valid. Some devices may have none. Because the user waits for the
   * result, the method also claims from devices whose last claim had no result.
   */
  of(wanted: readonly Member[]): Promise<readonly UsablePackage[]>;
  /**
   * Claims key packages for changes that no user waits for. Skips devices whose delay after an unsuccessful claim is not over. Returns no
   * key packages if the server refuses more claims now. `again`: milliseconds until the next claim, or null if every device has a key
   * package.
   */
  claimAgain(
    wanted: readonly Member[],
  ): Promise<{ readonly packages: readonly UsablePackage[]; readonly again: number | null }>;
  /**
   * Ends the delay before the next claim of the given device's key packages, because a message from that device arrived. The device was
   * online, so it has probably uploaded new key packages.
   */
  heardFrom(device: DeviceId): void;
}

/**
 * Milliseconds to wait after the first claim that returned no valid key package for a device. The delay doubles after each further
 * unsuccessful claim.
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
  const waiting = new Map<DeviceId, { readonly generation: number; readonly at: number; readonly wait: number }>();
  const known = ({ device, generation }: Member) => {
    const found = waiting.get(device);
    return found?.generation === generation ? found : null;
  };

  /**
   * Returns the milliseconds until this device may claim a key package of the given device again after an unsuccessful claim. Returns 0 if
   * more time remains than the whole delay, because the clock was then set back.
   */
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
    async claimAgain(wanted) {
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
