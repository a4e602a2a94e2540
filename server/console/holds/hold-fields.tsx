import { Textarea, TextInput } from '@mantine/core';
import type { HoldDraft } from './hold-draft.ts';

export function HoldFields({
  draft,
  change,
}: {
  readonly draft: HoldDraft;
  readonly change: (draft: HoldDraft) => void;
}) {
  return (
    <>
      <Textarea
        label="Reason"
        description="Only admins with the role owner, legal or auditor can read the reason."
        dir="auto"
        required
        autosize
        minRows={2}
        maxLength={2000}
        value={draft.reason}
        onChange={({ currentTarget }) => change({ ...draft, reason: currentTarget.value })}
      />
      <TextInput
        label="Reference"
        description="Case number, if available."
        dir="auto"
        maxLength={120}
        value={draft.reference}
        onChange={({ currentTarget }) => change({ ...draft, reference: currentTarget.value })}
      />
    </>
  );
}
