import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { MachineClocks } from './guarded-clock.ts';

export const machineClocks = (): MachineClocks => ({
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => Math.round(uptime() * 1000),
  boot: bootId(),
});

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
