/** Editor of a script. It creates a script, or the next version of one. A version cannot run before its review. */
import { Alert, Button, Group, List, NumberInput, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { scriptVersionView, scriptView } from '../../../shared/api/scripts.ts';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { argumentDeclarations, DECLARATION_HELP } from '../../../shared/scripts/declared-arguments.ts';
import {
  INTERPRETERS,
  type Interpreter,
  LARGEST_MEMORY,
  LARGEST_OUTPUT,
  LARGEST_SCRIPT,
  LONGEST_RUN,
  LONGEST_VALIDITY,
  MOST_ARGUMENTS,
  SMALLEST_MEMORY,
} from '../../../shared/scripts/limits.ts';
import { call } from '../client/call.ts';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { scriptsQuery, versionsQuery } from './queries.ts';

const editRoute = getRouteApi('/scripts/$id/edit');

interface Draft {
  readonly purpose: string;
  readonly interpreter: Interpreter;
  readonly text: string;
  readonly seconds: number;
  readonly memory: number;
  readonly output: number;
  readonly days: number;
  /** Declarations of arguments. */
  readonly arguments: readonly string[];
}

const NEW: Draft = {
  purpose: '',
  interpreter: 'sh',
  text: '',
  seconds: 60,
  memory: 256,
  output: 64,
  days: 180,
  arguments: [],
};

export function NewScriptPage() {
  return (
    <Page title="Create script">
      <Editor script={null} start={NEW} />
    </Page>
  );
}

export function EditScriptPage() {
  const { id } = editRoute.useParams();
  const versions = useQuery(versionsQuery(id));
  return (
    <Page title="Write version of script">
      <QueryResult query={versions}>
        {({ versions: [newest] }) => newest && <Editor key={newest.version} script={newest} start={draftOf(newest)} />}
      </QueryResult>
    </Page>
  );
}

const draftOf = ({ purpose, interpreter, text, seconds, memory, output, ...rest }: Omit<Draft, 'days'>): Draft => ({
  purpose,
  interpreter,
  text,
  seconds,
  memory,
  output,
  arguments: rest.arguments,
  days: NEW.days,
});

function problemsOf(name: string | null, { purpose, text, seconds, memory, output, days, ...rest }: Draft): string[] {
  const within = (value: number, least: number, most: number) => value >= least && value <= most;
  const bytes = new TextEncoder().encode(text).length;
  return [
    ...(name !== null && name.trim() === '' ? ['Give the script a name.'] : []),
    ...(purpose.trim() === '' ? ['State what the script is for. Reviewers and users read it.'] : []),
    ...(text.trim() === '' ? ['Write the text of the script.'] : []),
    ...(bytes > LARGEST_SCRIPT
      ? [`Shorten the text. It has ${bytes} bytes, and at most ${LARGEST_SCRIPT} are allowed.`]
      : []),
    ...(within(seconds, 1, LONGEST_RUN) ? [] : [`Set the time limit to 1 to ${LONGEST_RUN} seconds.`]),
    ...(within(memory, SMALLEST_MEMORY, LARGEST_MEMORY)
      ? []
      : [`Set the memory limit to ${SMALLEST_MEMORY} to ${LARGEST_MEMORY} MiB.`]),
    ...(within(output, 1, LARGEST_OUTPUT) ? [] : [`Set the output limit to 1 to ${LARGEST_OUTPUT} KiB.`]),
    ...(argumentDeclarations.safeParse(rest.arguments).success
      ? []
      : [`Declare at most ${MOST_ARGUMENTS} arguments, each as ${DECLARATION_HELP}.`]),
    ...(within(days, 1, LONGEST_VALIDITY) ? [] : [`Set the validity to 1 to ${LONGEST_VALIDITY} days.`]),
  ];
}

function Editor({
  script,
  start,
}: {
  readonly script: { readonly script: string; readonly version: number } | null;
  readonly start: Draft;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [draft, setDraft] = useState(start);
  const [tried, setTried] = useState(false);
  const problems = problemsOf(script === null ? name : null, draft);
  const saving = useMutation({
    mutationFn: async () => {
      if (script === null) return (await call('POST', '/scripts', scriptView, { ...draft, name: name.trim() })).id;
      await call('POST', `/scripts/${script.script}/versions`, scriptVersionView, { ...draft, after: script.version });
      return script.script;
    },
    onSuccess: async (id) => {
      await client.invalidateQueries({ queryKey: scriptsQuery.queryKey.slice(0, 1) });
      await navigate({ to: '/scripts/$id', params: { id } });
    },
  });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (problems.length === 0) saving.mutate();
      }}
    >
      <Stack maw={760}>
        {script === null && (
          <TextInput
            label="Name"
            description="The user of the device sees the name. It stays the same for all versions."
            dir="auto"
            required
            maxLength={80}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
        )}
        <Fields draft={draft} change={setDraft} />
        {tried && problems.length > 0 && (
          <Alert color="red" title="Correct these entries first" role="alert">
            <List size="sm">
              {problems.map((problem) => (
                <List.Item key={problem}>{problem}</List.Item>
              ))}
            </List>
          </Alert>
        )}
        {saving.isError && <Failure error={saving.error} />}
        <Group>
          <Button type="submit" loading={saving.isPending}>
            {script === null ? 'Create script' : `Create version ${script.version + 1}`}
          </Button>
          <ButtonLink
            variant="default"
            {...(script ? { to: '/scripts/$id', params: { id: script.script } } : { to: '/scripts' })}
          >
            Cancel
          </ButtonLink>
        </Group>
      </Stack>
    </form>
  );
}

function Fields({ draft, change }: { readonly draft: Draft; readonly change: (draft: Draft) => void }) {
  const set = (next: Partial<Draft>) => change({ ...draft, ...next });
  return (
    <>
      <TextInput
        label="Purpose"
        description="Reviewers and the users of devices read it."
        dir="auto"
        required
        maxLength={400}
        value={draft.purpose}
        onChange={({ currentTarget }) => set({ purpose: currentTarget.value })}
      />
      <Select
        label="Interpreter"
        allowDeselect={false}
        styles={{ wrapper: { maxWidth: 220 } }}
        data={[...INTERPRETERS]}
        value={draft.interpreter}
        onChange={(value) => set({ interpreter: INTERPRETERS.find((each) => each === value) ?? 'sh' })}
      />
      <Textarea
        label="Text"
        description="At most 64 KiB. The script gets its arguments as usual ($1, sys.argv). It has no rights of root."
        required
        autosize
        minRows={8}
        maxRows={30}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={draft.text}
        onChange={({ currentTarget }) => set({ text: currentTarget.value })}
      />
      <Textarea
        label="Arguments"
        description={`One on each line: ${DECLARATION_HELP}. Leave the field empty for none.`}
        autosize
        minRows={1}
        maxRows={8}
        spellCheck={false}
        value={draft.arguments.join('\n')}
        onChange={({ currentTarget }) =>
          set({ arguments: currentTarget.value === '' ? [] : currentTarget.value.split('\n') })
        }
      />
      <Group align="flex-end">
        <Limit
          label="Time limit in seconds"
          value={draft.seconds}
          most={LONGEST_RUN}
          set={(seconds) => set({ seconds })}
        />
        <Limit
          label="Memory limit in MiB"
          value={draft.memory}
          least={SMALLEST_MEMORY}
          most={LARGEST_MEMORY}
          set={(memory) => set({ memory })}
        />
        <Limit
          label="Output limit in KiB"
          value={draft.output}
          most={LARGEST_OUTPUT}
          set={(output) => set({ output })}
        />
        <Limit label="Valid for days" value={draft.days} most={LONGEST_VALIDITY} set={(days) => set({ days })} />
      </Group>
    </>
  );
}

function Limit({
  label,
  value,
  least = 1,
  most,
  set,
}: {
  readonly label: string;
  readonly value: number;
  readonly least?: number;
  readonly most: number;
  readonly set: (value: number) => void;
}) {
  return (
    <NumberInput
      label={label}
      w={170}
      min={least}
      max={most}
      allowDecimal={false}
      allowNegative={false}
      value={value}
      onChange={(next) => set(Number(next))}
    />
  );
}
