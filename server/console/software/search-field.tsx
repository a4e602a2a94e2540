import { Button, Group, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';

/** Search field that searches when the admin submits it, because each search counts devices. */
export function SearchField({
  label,
  placeholder,
  text = '',
  search,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly text?: string | undefined;
  readonly search: (text: string | undefined) => void;
}) {
  const [value, setValue] = useState(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    search(value.trim() === '' ? undefined : value.trim());
  };
  return (
    <search style={{ flex: '1 1 20rem', maxWidth: '32rem' }}>
      <form onSubmit={submit}>
        <Group gap="xs" wrap="nowrap">
          <TextInput
            aria-label={label}
            placeholder={placeholder}
            value={value}
            maxLength={128}
            onChange={({ currentTarget }) => setValue(currentTarget.value)}
            style={{ flex: 1 }}
          />
          <Button type="submit" variant="default">
            Search
          </Button>
        </Group>
      </form>
    </search>
  );
}
