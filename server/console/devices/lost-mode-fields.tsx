/** Fields for the start of lost mode, on one device and on many. */
import { NumberInput, Textarea } from '@mantine/core';
import { LONGEST_LOST_DAYS } from '../../../shared/lost-mode/lost-mode.ts';
import type { LostModeDraft } from './lost-mode-draft.ts';

export function LostModeFields({
  draft,
  change,
}: {
  readonly draft: LostModeDraft;
  readonly change: (draft: LostModeDraft) => void;
}) {
  return (
    <>
      <Textarea
        label="Reason"
        description="The device shows the reason."
        required
        autosize
        dir="auto"
        maxLength={200}
        value={draft.reason}
        onChange={({ currentTarget }) => change({ ...draft, reason: currentTarget.value })}
      />
      <Textarea
        label="Text for a finder"
        description="For example a phone number. The device shows the text."
        required
        autosize
        dir="auto"
        maxLength={300}
        value={draft.contact}
        onChange={({ currentTarget }) => change({ ...draft, contact: currentTarget.value })}
      />
      <NumberInput
        label="Days until lost mode ends"
        min={1}
        max={LONGEST_LOST_DAYS}
        allowDecimal={false}
        clampBehavior="strict"
        value={draft.days}
        onChange={(days) => change({ ...draft, days })}
      />
    </>
  );
}
