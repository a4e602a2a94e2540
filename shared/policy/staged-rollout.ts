/** Staged rollout of a policy's version to a growing share of the devices. The functions are pure. */
import { sha256 } from '../order/digest.ts';

/**
 * Number from 0 to 99 by which a staged rollout chooses devices. A device keeps its number for one policy, so a larger stage contains all
 * devices of a smaller one. Other policies begin with other devices.
 */
export const rolloutNumber = (policy: string, device: string): number =>
  Number.parseInt(sha256(`${policy} ${device}`).slice(0, 8), 16) % 100;

/** Versions of a policy in use: `current` for all devices, except that `next` is for `percent` of them. */
export interface VersionsInUse {
  readonly current: number | null;
  readonly next: { readonly version: number; readonly percent: number } | null;
}

/** Version of the policy for the device. Null if the device is not part of the first stage and no earlier version exists. */
export function versionFor(policy: string, { current, next }: VersionsInUse, device: string): number | null {
  return next && rolloutNumber(policy, device) < next.percent ? next.version : current;
}
