import { foldedName } from '../../shared/order/person.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Bus } from '../bus/bus.ts';
import type { SettledApproverSet } from './organization-keys.ts';
import type { LedgerPort, Log, VerifiedDeviceStore } from './ports.ts';
import { createProofs, type ProofRequest, type ProofResponse } from './proofs.ts';
import { createRequestLimits } from './request-limits.ts';

const MOST_FOUND = 20;

export function createVerifiedDevices(
  store: Pick<VerifiedDeviceStore, 'members' | 'search'>,
  ledger: LedgerPort,
  settled: SettledApproverSet,
) {
  const limits = createRequestLimits();
  const proofs = createProofs({ store, ledger });

  /**
   * Returns proofs of the verified devices among the requested devices and the devices of the requested people. `people` in the result also
   * includes the owners of the requested devices. `asker`: the device that sent the request; null for the server itself. Throws `too_large`
   * or `rate_limited`.
   */
  async function members(of: ProofRequest, asker: DeviceId | null = null): Promise<ProofResponse> {
    if (asker !== null) await limits.members(asker, of.people.length + of.devices.length);
    return proofs.of(of, await settled());
  }

  async function search(
    text: string,
    asker: DeviceId | null = null,
  ): Promise<{ person: string; name: string; devices: number }[]> {
    if (asker !== null) await limits.search(asker);
    const folded = foldedName(text);
    if (folded === '') return [];
    await settled();
    return store.search(folded, MOST_FOUND);
  }

  return { members, search };
}

/** Notifies devices whenever a verified device was revoked or enrolled again. Returns the function that stops these notifications. */
export function announceEndedDevices(store: Pick<VerifiedDeviceStore, 'peopleOf'>, bus: Bus, log: Log): () => void {
  async function announce(device: DeviceId): Promise<void> {
    const people = await store.peopleOf(device);
    if (people.length > 0) bus.publish({ kind: 'members', people });
  }

  return bus.subscribe((wake) => {
    if (wake.kind !== 'ended') return;
    announce(wake.device).catch((error: unknown) =>
      log.error({ err: error }, 'devices could not be told of a change of verified devices'),
    );
  });
}
