/**
 * Key packages (RFC 9420, section 10), with which devices add another device to a conversation. The server gives out each single-use key
 * package once. If none is left, it gives out the last-resort key package, any number of times. Claims are limited, so that no device can
 * exhaust the key packages of another device.
 */
import type { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { claimResponse, keyPackagesBody } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Bus } from '../bus/bus.ts';
import { RateLimiterMemory, RateLimiterRes } from '../rate-limiters.ts';
import { requireService, type ServiceGate } from './denials.ts';
import type { Enrollment } from './ports.ts';

export const MOST_KEY_PACKAGES = 200;
/** Minimum number of a device's single-use key packages (RFC 9420) on the server. If fewer remain, the server asks the device for more. */
const FEW = 20;
const CLAIMS_PER_HOUR = 1_000;
/**
 * Maximum number of single-use key packages that one device receives from another device per hour. Beyond this number, it receives the
 * other device's last-resort key package.
 */
const CLAIMS_OF_ONE_PER_HOUR = 10;
const HOUR_SECONDS = 3_600;

export type KeyPackages = z.output<typeof keyPackagesBody>;
export type Claimed = z.output<typeof claimResponse>['packages'][number];

export interface KeyPackageStore {
  /**
   * Stores key packages of an enrollment, and returns the number of its single-use key packages. Throws `conflict` if the enrollment has
   * ended. Throws `too_large` and stores nothing if the number would exceed `most`.
   */
  add(enrollment: Enrollment, submitted: KeyPackages, most: number): Promise<number>;
  remaining(enrollment: Enrollment): Promise<number>;
  /**
   * Claims one key package of each active device, in one transaction. From a device in `singleUse`, claims a single-use key package if
   * there is one. From all other devices, claims the last-resort key package. `remaining` has the number of single-use key packages,
   * for each device that lost one.
   */
  claim(
    devices: readonly DeviceId[],
    singleUse: ReadonlySet<DeviceId>,
  ): Promise<{ readonly packages: readonly Claimed[]; readonly remaining: ReadonlyMap<DeviceId, number> }>;
}

export interface KeyPackageService {
  submit(enrollment: Enrollment, submitted: KeyPackages): Promise<number>;
  /** Claims key packages of other devices. Throws `service_denied` if an order blocks messaging, and `rate_limited`. */
  claim(claimant: Enrollment, devices: readonly DeviceId[]): Promise<readonly Claimed[]>;
  remaining(enrollment: Enrollment): Promise<number>;
}

export function createKeyPackageService({
  store,
  gate,
  bus,
}: {
  readonly store: KeyPackageStore;
  readonly gate: ServiceGate;
  readonly bus: Bus;
}): KeyPackageService {
  const byClaimant = new RateLimiterMemory({ points: CLAIMS_PER_HOUR, duration: HOUR_SECONDS });
  const byPair = new RateLimiterMemory({ points: CLAIMS_OF_ONE_PER_HOUR, duration: HOUR_SECONDS });

  async function spend({ device }: Enrollment, count: number): Promise<void> {
    try {
      await byClaimant.consume(device, count);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const retryAfter = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      const detail = `A device may claim at most ${CLAIMS_PER_HOUR} key packages an hour. Try again in ${retryAfter} seconds.`;
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
    submit: (enrollment, submitted) => store.add(enrollment, submitted, MOST_KEY_PACKAGES),
    remaining: store.remaining.bind(store),
    async claim(claimant, devices) {
      await requireService(gate, 'messaging', claimant.device);
      const targets = [...new Set(devices)];
      await spend(claimant, targets.length);
      const singleUse = new Set<DeviceId>();
      for (const device of targets) if (await maySpendOf(claimant.device, device)) singleUse.add(device);
      const { packages, remaining } = await store.claim(targets, singleUse);
      const few = [...remaining].filter(([, count]) => count < FEW).map(([device]) => device);
      if (few.length > 0) bus.publish({ kind: 'key-packages', devices: few });
      return packages;
    },
  };
}
