import type { DeviceId } from '../../shared/protocol/ids.ts';
import { emptyLocation } from '../../shared/verdict/locate.ts';
import type { LocationState } from '../../shared/verdict/terms.ts';
import type { FactsStore } from './ports.ts';

export async function locationStateOf(store: FactsStore, device: DeviceId): Promise<LocationState> {
  return (await store.facts([device])).get(device)?.location ?? emptyLocation();
}
