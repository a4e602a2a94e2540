/** Reason and case number of a legal hold, as the admin types them. */
export interface HoldDraft {
  readonly reason: string;
  readonly reference: string;
}

export const NO_HOLD: HoldDraft = { reason: '', reference: '' };

/** Fields of the request; null while the reason is missing. */
export function holdRequest({ reason, reference }: HoldDraft): { reason: string; reference?: string } | null {
  const [why, number] = [reason.trim(), reference.trim()];
  return why === '' ? null : { reason: why, ...(number !== '' && { reference: number }) };
}
