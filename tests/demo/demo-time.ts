/** Clocks of the agent and the mail connector of this machine in the demo. The wall clock follows the demo's clock. */
import { readFileSync } from 'node:fs';
import { machineTime } from '../../agent/daemon.ts';
import type { DeviceTime } from '../../agent/enforcement/device-clock.ts';
import { aheadFileOf } from './ahead.ts';

/** `home`: home folder of the program. */
export function demoTime(home: string): DeviceTime {
  const file = aheadFileOf(home);
  return { ...machineTime(), wall: () => Date.now() + Number(readFileSync(file, 'utf8')) };
}
