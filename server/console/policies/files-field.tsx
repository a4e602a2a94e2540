import { Button, Fieldset, Group, Stack, Textarea, TextInput } from '@mantine/core';

interface FileDraft {
  readonly path: string;
  readonly text: string;
  readonly owner: string | null;
  readonly mode: string;
  readonly reload: string | null;
}

const NEW_FILE: FileDraft = { path: '', text: '', owner: null, mode: '0644', reload: null };

/** Editor of the configuration files of a policy. */
export function FilesField({
  label,
  value,
  change,
}: {
  readonly label: string;
  readonly value: unknown;
  readonly change: (value: unknown) => void;
}) {
  const files = Array.isArray(value) ? (value as readonly FileDraft[]) : [];
  const set = (at: number, more: Partial<FileDraft>) =>
    change(files.map((file, index) => (index === at ? { ...file, ...more } : file)));
  return (
    <Stack gap="sm">
      {files.map((file, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the path changes while the admin writes it
        <Fieldset key={index} legend={`${label}, file ${index + 1}`}>
          <Stack gap="xs">
            <TextInput
              label="Path"
              description="An absolute path, or a path below ~/ that the agent may write itself."
              value={file.path}
              onChange={({ currentTarget }) => set(index, { path: currentTarget.value })}
            />
            <Textarea
              label="Text"
              autosize
              minRows={3}
              maxRows={16}
              value={file.text}
              onChange={({ currentTarget }) => set(index, { text: currentTarget.value })}
            />
            <Group grow align="flex-start">
              <TextInput
                label="Mode"
                description="Such as 0644"
                value={file.mode}
                onChange={({ currentTarget }) => set(index, { mode: currentTarget.value })}
              />
              <TextInput
                label="Owner"
                description="Empty: any owner"
                value={file.owner ?? ''}
                onChange={({ currentTarget }) => set(index, { owner: currentTarget.value || null })}
              />
              <TextInput
                label="Unit to reload"
                description="Empty: none"
                value={file.reload ?? ''}
                onChange={({ currentTarget }) => set(index, { reload: currentTarget.value || null })}
              />
            </Group>
            {files.length > 1 && (
              <Button
                variant="default"
                size="xs"
                style={{ alignSelf: 'flex-start' }}
                onClick={() => change(files.filter((_, at) => at !== index))}
              >
                Remove file {index + 1}
              </Button>
            )}
          </Stack>
        </Fieldset>
      ))}
      <Button
        variant="default"
        size="xs"
        style={{ alignSelf: 'flex-start' }}
        onClick={() => change([...files, NEW_FILE])}
      >
        Add file
      </Button>
    </Stack>
  );
}
