/**
 * Key packages (RFC 9420, section 10): what others need to bring a device into a conversation. Each is given out once; when none is left, the last
 * resort again and again. How many one device may claim is bounded, in all and of one other, so that nobody uses up what others hand in.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { claimAnswer, keyPackagesBody } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Bus } from '../bus/bus.ts';
import { type MessagingGate, requireMessaging } from './denials.ts';
import type { Enrolment } from './ports.ts';

/** Single-use ones that one device may have here. */
export const MOST_KEY_PACKAGES = 200;
/** With fewer left the device is asked for more. */
const FEW = 20;
const CLAIMS_PER_HOUR = 1_000;
/** Single-use ones of one device to one other: it gets its last resort afterwards. */
const CLAIMS_OF_ONE_PER_HOUR = 10;
const HOUR_SECONDS = 3_600;

export type KeyPackages = z.output<typeof keyPackagesBody>;
export type Claimed = z.output<typeof claimAnswer>['packages'][number];

export interface KeyPackageStore {
  /**
   * How many single-use ones are left. Throws `conflict` for an enrolment that has ended, and `too_large`, with nothing changed, when there would be
   * more than `most`.
   */
  add(enrolment: Enrolment, handed: KeyPackages, most: number): Promise<number>;
  left(enrolment: Enrolment): Promise<number>;
  /**
   * One of each active device in its present generation, in the order of the devices, in one transaction: of those in `singleUse` a single-use one, which is gone then, if any is left,
   * and otherwise the last resort. `left`: how many single-use ones each has that gave one away.
   */
  claim(
    devices: readonly DeviceId[],
    singleUse: ReadonlySet<DeviceId>,
  ): Promise<{ readonly packages: readonly Claimed[]; readonly left: ReadonlyMap<DeviceId, number> }>;
}

export interface KeyPackageDesk {
  handIn(enrolment: Enrolment, handed: KeyPackages): Promise<number>;
  /** Throws `service_denied` and `rate_limited`. */
  claim(claimant: Enrolment, devices: readonly DeviceId[]): Promise<readonly Claimed[]>;
  left(enrolment: Enrolment): Promise<number>;
}

export function createKeyPackageDesk({
  store,
  gate,
  bus,
}: {
  readonly store: KeyPackageStore;
  readonly gate: MessagingGate;
  readonly bus: Bus;
}): KeyPackageDesk {
  const byClaimant = new RateLimiterMemory({ points: CLAIMS_PER_HOUR, duration: HOUR_SECONDS });
  const byPair = new RateLimiterMemory({ points: CLAIMS_OF_ONE_PER_HOUR, duration: HOUR_SECONDS });

  async function spend({ device }: Enrolment, count: number): Promise<void> {
    try {
      await byClaimant.consume(device, count);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const retryAfter = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      const detail = `A device claims ${CLAIMS_PER_HOUR} key packages an hour at most: try again in ${retryAfter} seconds.`;
      throw new CordonError('rate_limited', detail, { retryAfter });
    }
  }

  async function maySpendOf(claimant: DeviceId, device: DeviceId): Promise<boolean> {
    try {
      await byPair.consume(`${claimant} ${device}`);
      return true;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return false;
      throw refusal;
    }
  }

  return {
    handIn: (enrolment, handed) => store.add(enrolment, handed, MOST_KEY_PACKAGES),
    left: store.left.bind(store),
    async claim(claimant, devices) {
      await requireMessaging(gate, claimant.device);
      const asked = [...new Set(devices)];
      await spend(claimant, asked.length);
      const singleUse = new Set<DeviceId>();
      for (const device of asked) if (await maySpendOf(claimant.device, device)) singleUse.add(device);
      const { packages, left } = await store.claim(asked, singleUse);
      const few = [...left].filter(([, count]) => count < FEW).map(([device]) => device);
      if (few.length > 0) bus.publish({ kind: 'key-packages', devices: few });
      return packages;
    },
  };
}
