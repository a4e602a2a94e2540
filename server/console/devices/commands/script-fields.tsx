/** Fields of a command that runs a script: the script, its reviewed version, and arguments. */
import { Alert, Select, Stack, Text, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Command } from '../../../../shared/protocol/frames.ts';
import { scriptIdSchema } from '../../../../shared/protocol/ids.ts';
import { argumentsProblem } from '../../../../shared/scripts/declared-arguments.ts';
import { LONGEST_ARGUMENT, MOST_ARGUMENTS } from '../../../../shared/scripts/limits.ts';
import { scriptsQuery, settingsQuery, versionsQuery } from '../../scripts/queries.ts';

export interface ScriptDraft {
  readonly script: string | null;
  readonly version: number | null;
  /** Arguments as the admin types them, one on each line. */
  readonly args: string;
}

export const NO_SCRIPT: ScriptDraft = { script: null, version: null, args: '' };

/** Arguments of the text; null if there are too many, or if one is too long. */
export function argumentsOf(text: string): string[] | null {
  const args = text === '' ? [] : text.split('\n');
  return args.length > MOST_ARGUMENTS || args.some((each) => each.length > LONGEST_ARGUMENT) ? null : args;
}

/** Command of the draft; null while a field is missing or invalid. */
export function scriptCommandOf({ script, version, args }: ScriptDraft): Command | null {
  const given = argumentsOf(args);
  const id = scriptIdSchema.safeParse(script);
  if (given === null || !id.success || version === null) return null;
  return { kind: 'run-script', script: id.data, version, ...(given.length > 0 && { arguments: given }) };
}

export function ScriptFields({
  draft,
  change,
}: {
  readonly draft: ScriptDraft;
  readonly change: (draft: ScriptDraft) => void;
}) {
  const scripts = useQuery(scriptsQuery).data?.scripts ?? [];
  const areOff = useQuery(settingsQuery).data?.on === false;
  return (
    <Stack gap="sm">
      {areOff && (
        <Alert color="yellow" title="Scripts are off">
          <Text size="sm">No device gets a script. An owner can switch scripts on, on the page Scripts.</Text>
        </Alert>
      )}
      <Select
        label="Script"
        placeholder="Choose a script"
        required
        searchable
        data={scripts.map(({ id, name }) => ({ value: id, label: name }))}
        nothingFoundMessage="No script found"
        value={draft.script}
        onChange={(script) => change({ ...draft, script, version: null, args: '' })}
      />
      {draft.script !== null && <VersionSelect script={draft.script} draft={draft} change={change} />}
      <Text size="sm">The user of the device sees that the script ran, and who reviewed it.</Text>
    </Stack>
  );
}

function VersionSelect({ script, draft, change }: Parameters<typeof ScriptFields>[0] & { readonly script: string }) {
  const versions = useQuery(versionsQuery(script)).data?.versions;
  const reviewed = versions?.filter(({ state }) => state === 'reviewed') ?? [];
  const chosen = reviewed.find(({ version }) => version === draft.version);
  return (
    <>
      <Select
        label="Version"
        placeholder="Choose a reviewed version"
        required
        data={reviewed.map(({ version }) => ({ value: String(version), label: `Version ${version}` }))}
        description={chosen?.purpose}
        error={
          versions && reviewed.length === 0 && 'No version of the script is reviewed. Ask an approver to review it.'
        }
        value={chosen ? String(chosen.version) : null}
        onChange={(version) => change({ ...draft, version: version === null ? null : Number(version), args: '' })}
      />
      {chosen && (
        <ArgumentsField declared={chosen.arguments} args={draft.args} change={(args) => change({ ...draft, args })} />
      )}
    </>
  );
}

/** Field for the values of the declared arguments. Shows nothing for a script without arguments. */
export function ArgumentsField({
  declared,
  args,
  change,
}: {
  readonly declared: readonly string[];
  readonly args: string;
  readonly change: (args: string) => void;
}) {
  const values = argumentsOf(args);
  if (declared.length === 0) return null;
  return (
    <Textarea
      label="Arguments"
      description={`One value on each line, in the order of the declarations: ${declared.join(', ')}`}
      error={
        values === null
          ? `Give at most ${MOST_ARGUMENTS} arguments of at most ${LONGEST_ARGUMENT} characters.`
          : args !== '' && argumentsProblem(declared, values)
      }
      required
      autosize
      minRows={1}
      maxRows={8}
      spellCheck={false}
      value={args}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    />
  );
}
