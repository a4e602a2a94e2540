import { NumberInput, Radio, Select, Stack, Textarea } from '@mantine/core';
import { COMMAND_NAMES } from '../../../../shared/api/command-names.ts';
import type { FileView } from '../../../../shared/api/files.ts';
import {
  countdownSchema,
  isPowerKind,
  LONGEST_COUNTDOWN,
  USUAL_COUNTDOWN,
} from '../../../../shared/power/power-action.ts';
import type { CommandKind } from '../../../../shared/protocol/command-kinds.ts';
import type { Command } from '../../../../shared/protocol/frames.ts';
import { pushCommandOf } from '../../files/queries.ts';
import { COMMAND_MEANING, isOnOwnPage } from '../../words/commands.ts';
import { FileField } from './file-fields.tsx';
import { newPackage, type PackageDraft, PackageFields, packageCommandOf } from './package-fields.tsx';
import { NO_SCRIPT, type ScriptDraft, ScriptFields, scriptCommandOf } from './script-fields.tsx';
import { NO_SOFTWARE, type SoftwareDraft, SoftwareFields, softwareCommandOf } from './software-fields.tsx';
import { newUpdate, type UpdateDraft, UpdateFields, updateCommandOf } from './update-fields.tsx';

export interface CommandDraft {
  readonly kind: CommandKind;
  readonly text: string;
  readonly software: SoftwareDraft;
  readonly update: UpdateDraft;
  readonly ownPackage: PackageDraft;
  readonly script: ScriptDraft;
  readonly file: FileView | null;
  /** Minutes of the countdown before a restart or shutdown; null while the field is empty. */
  readonly minutes: number | null;
  readonly expiresInSeconds: number;
}

const DAY = 86_400;
const LIVES = [
  { value: String(DAY / 24), label: '1 hour' },
  { value: String(DAY), label: '1 day' },
  { value: String(7 * DAY), label: '7 days' },
  { value: String(30 * DAY), label: '30 days' },
  { value: String(90 * DAY), label: '90 days' },
];
/** Maximum number of characters of a message to the user, the same as in `commandSchema`. */
const LONGEST_MESSAGE = 2000;

export const draftOf = (kind: CommandKind): CommandDraft => ({
  kind,
  text: '',
  software: NO_SOFTWARE,
  update: newUpdate(),
  ownPackage: newPackage(),
  script: NO_SCRIPT,
  file: null,
  minutes: USUAL_COUNTDOWN,
  expiresInSeconds: 7 * DAY,
});

/** Command of the draft; null while a field is empty or invalid. */
export function commandOf(draft: CommandDraft): Command | null {
  const { kind, text, software, update, ownPackage, script, file, minutes } = draft;
  if (kind === 'change-software') return softwareCommandOf(software);
  if (kind === 'update-os') return updateCommandOf(update);
  if (isPowerKind(kind)) {
    const countdown = countdownSchema.safeParse(minutes);
    return countdown.success ? { kind, minutes: countdown.data } : null;
  }
  if (kind === 'install-package') return packageCommandOf(ownPackage);
  if (kind === 'run-script') return scriptCommandOf(script);
  if (kind === 'push-file') return file && pushCommandOf(file);
  // The pages of jobs and devices offer these commands.
  if (isOnOwnPage(kind)) return null;
  if (kind !== 'message') return { kind };
  const trimmed = text.trim();
  return trimmed === '' || trimmed.length > LONGEST_MESSAGE ? null : { kind, text: trimmed };
}

export function CommandForm({
  draft,
  change,
  kinds,
}: {
  readonly draft: CommandDraft;
  readonly change: (draft: CommandDraft) => void;
  readonly kinds: readonly CommandKind[];
}) {
  return (
    <Stack gap="sm">
      {kinds.length > 1 && (
        <Radio.Group
          label="Command"
          value={draft.kind}
          onChange={(value) => {
            const kind = kinds.find((one) => one === value);
            if (kind) change({ ...draft, kind });
          }}
        >
          <Stack gap={6} mt={4}>
            {kinds.map((kind) => (
              <Radio
                key={kind}
                value={kind}
                label={COMMAND_NAMES[kind]}
                description={kind === draft.kind ? COMMAND_MEANING[kind] : null}
              />
            ))}
          </Stack>
        </Radio.Group>
      )}
      {draft.kind === 'message' && (
        <Textarea
          label="Message text"
          description="The device displays the text to its user on the desktop, the device page and the command line."
          required
          autosize
          minRows={2}
          maxRows={8}
          dir="auto"
          maxLength={LONGEST_MESSAGE}
          data-autofocus
          value={draft.text}
          onChange={({ currentTarget }) => change({ ...draft, text: currentTarget.value })}
        />
      )}
      {draft.kind === 'change-software' && (
        <SoftwareFields draft={draft.software} change={(software) => change({ ...draft, software })} />
      )}
      {draft.kind === 'update-os' && (
        <UpdateFields draft={draft.update} change={(update) => change({ ...draft, update })} />
      )}
      {draft.kind === 'install-package' && (
        <PackageFields draft={draft.ownPackage} change={(ownPackage) => change({ ...draft, ownPackage })} />
      )}
      {draft.kind === 'run-script' && (
        <ScriptFields draft={draft.script} change={(script) => change({ ...draft, script })} />
      )}
      {draft.kind === 'push-file' && <FileField file={draft.file} change={(file) => change({ ...draft, file })} />}
      {isPowerKind(draft.kind) && (
        <NumberInput
          label="Countdown in minutes"
          description={`1 to ${LONGEST_COUNTDOWN}. The user sees the countdown, and may delay once by the same time.`}
          required
          min={1}
          max={LONGEST_COUNTDOWN}
          allowDecimal={false}
          value={draft.minutes ?? ''}
          onChange={(value) => change({ ...draft, minutes: typeof value === 'number' ? value : null })}
        />
      )}
      <Select
        label="Command expires if the device stays offline for"
        data={LIVES}
        allowDeselect={false}
        styles={{ wrapper: { maxWidth: 220 } }}
        value={String(draft.expiresInSeconds)}
        onChange={(value) => change({ ...draft, expiresInSeconds: Number(value) })}
      />
    </Stack>
  );
}
