import { CordonError } from '../shared/errors.ts';

/** Maximum number of concurrent transfers: of all devices, and of one device. */
export interface TransferSlots {
  readonly all: number;
  readonly ofOne: number;
}

/**
 * Limits the number of concurrent transfers. `occupy` takes a slot and returns the function that frees the slot. Throws `unavailable` if
 * no slot is free.
 */
export function createTransferSlots({ all, ofOne }: TransferSlots): { occupy(device: string): () => void } {
  const occupied = new Map<string, number>();
  let total = 0;
  return {
    occupy(device) {
      const own = occupied.get(device) ?? 0;
      if (total >= all || own >= ofOne) {
        throw new CordonError('unavailable', 'Too many files are in transfer. Try again later.', {
          retryAfter: 2,
        });
      }
      total += 1;
      occupied.set(device, own + 1);
      let active = true;
      return () => {
        if (!active) return;
        active = false;
        total -= 1;
        const remaining = (occupied.get(device) ?? 1) - 1;
        if (remaining > 0) occupied.set(device, remaining);
        else occupied.delete(device);
      };
    },
  };
}
