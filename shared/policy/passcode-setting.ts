import { z } from 'zod';

/** Passcode of the workspace: its length, the auto-lock, and the number of wrong passcodes after which only an admin can help. */
export const passcodeSettingSchema = z.strictObject({
  minimumLength: z.int().min(6).max(64),
  autoLockMinutes: z.int().min(1).max(720),
  attempts: z.int().min(3).max(20),
});
export type PasscodeSetting = z.output<typeof passcodeSettingSchema>;
