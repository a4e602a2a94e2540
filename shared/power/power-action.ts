/** Restart or shutdown of a device, with a countdown that its user sees. */
import { z } from 'zod';

export const POWER_KINDS = ['restart-device', 'shut-down-device'] as const;
export type PowerKind = (typeof POWER_KINDS)[number];
export const isPowerKind = (kind: string): kind is PowerKind => POWER_KINDS.some((one) => one === kind);

export const LONGEST_COUNTDOWN = 60;
export const USUAL_COUNTDOWN = 10;

/** Length of the countdown in minutes. */
export const countdownSchema = z.int().min(1).max(LONGEST_COUNTDOWN).default(USUAL_COUNTDOWN);
