/** Settings that the system helper of a device applies as root, if the machine's owner permits it (ADR 79). */
import { z } from 'zod';
import { type SettingId, settingsSchema } from './catalog.ts';
import { CHECK_STATUSES } from './check-results.ts';

export const SYSTEM_SETTINGS = [
  'firewall.enabled',
  'usb-storage.blocked',
  'software.required',
  'software.forbidden',
  'files.content',
  'certificates.trusted',
  'network.connections',
  'ssh.keys-only',
  'ssh.root-sign-in',
  'screen.lock-minutes',
  'time.synchronized',
  'updates.automatic',
] as const satisfies readonly SettingId[];
export type SystemSetting = (typeof SYSTEM_SETTINGS)[number];

export const isSystemSetting = (text: string): text is SystemSetting => SYSTEM_SETTINGS.some((each) => each === text);

const mask = Object.fromEntries(SYSTEM_SETTINGS.map((id) => [id, true])) as { readonly [Id in SystemSetting]: true };

/**
 * Settings that the owner of a device can permit. The system helper applies an update of the agent with a request of its own, because the
 * update restarts the agent that makes the request.
 */
export const PERMITTED_SETTINGS = [...SYSTEM_SETTINGS, 'agent.update-channel'] as const satisfies readonly SettingId[];

/** All values that the device must have. A setting that is absent is reversed, if the helper has applied it. */
export const systemSettingsSchema = settingsSchema.pick(mask);
export type SystemSettings = z.output<typeof systemSettingsSchema>;

/**
 * - `applied`: the helper has made the setting, now or earlier.
 * - `repaired`: the machine no longer had what the helper had made, and the helper made it again.
 * - `not-needed`: the machine meets the setting without the helper.
 * - `not-permitted`: the machine's owner does not permit it.
 * - `not-supported`: the machine lacks a program or folder that the setting needs.
 * - `failed`: the setting could not be applied. The helper tries again later.
 */
export const APPLICATION_OUTCOMES = [
  'applied',
  'repaired',
  'not-needed',
  'not-permitted',
  'not-supported',
  'failed',
] as const;

export const appliedSettingSchema = z.strictObject({
  setting: z.enum(SYSTEM_SETTINGS),
  outcome: z.enum(APPLICATION_OUTCOMES),
  /** Text for people: why the helper did not apply the setting, and how to change that. Empty if it did. */
  detail: z.string(),
  /** Check of the setting afterward, with the rights of root. */
  check: z.strictObject({ status: z.enum(CHECK_STATUSES), detail: z.string() }),
});
export type AppliedSetting = z.output<typeof appliedSettingSchema>;

/** Maximum length of a sentence in the history of a device. */
export const LONGEST_KEPT = 500;
/** Change that the device keeps after the end of a policy. */
export const keptChangeSchema = z.strictObject({
  setting: z.enum(SYSTEM_SETTINGS),
  detail: z.string().min(1).max(LONGEST_KEPT),
});
export type KeptChange = z.output<typeof keptChangeSchema>;
