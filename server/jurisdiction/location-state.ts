import type { DeviceId } from '../../shared/protocol/ids.ts';
import { emptyLocation } from '../../shared/verdict/locate.ts';
import type { LocationState } from '../../shared/verdict/terms.ts';
import type { FactsStore } from './ports.ts';

/** Stored state of one device's location; empty for a device without evidence. */
export async function locationStateOf(store: FactsStore, device: DeviceId): Promise<LocationState> {
  return (await store.facts([device])).get(device)?.location ?? emptyLocation();
}
