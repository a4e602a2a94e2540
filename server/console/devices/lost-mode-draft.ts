/** Texts and days of lost mode, as the admin types them. The functions are pure. */
import { lostModeRequest } from '../../../shared/api/lost-mode.ts';
import { USUAL_LOST_DAYS } from '../../../shared/lost-mode/lost-mode.ts';

export interface LostModeDraft {
  readonly reason: string;
  readonly contact: string;
  readonly days: string | number;
}

export const NO_LOST_MODE: LostModeDraft = { reason: '', contact: '', days: USUAL_LOST_DAYS };

/** Fields of the request; null while a field is missing. */
export function lostModeFieldsOf({ reason, contact, days }: LostModeDraft) {
  const parsed = lostModeRequest.safeParse({ reason, contact, days: days === '' ? null : Number(days) });
  return parsed.success ? parsed.data : null;
}
