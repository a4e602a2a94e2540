import { Select, type SelectProps, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type PersonView, personPage } from '../../../shared/api/people.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';

const SHOWN = 20;

export const distinctionOf = ({ email, groups }: Pick<PersonView, 'email' | 'groups'>): string =>
  [...(email === null ? [] : [email]), ...groups.map(({ name }) => name)].join(' · ');

export function PersonSelect({
  chosen,
  choose,
  ...rest
}: Omit<SelectProps, 'data' | 'value' | 'onChange'> & {
  readonly chosen: PersonView | null;
  readonly choose: (person: PersonView | null) => void;
}) {
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed.trim(), 250);
  // A text that equals the name of the selected person is not a search text.
  const searched = text === chosen?.name ? '' : text;
  const path = withQuery('/people', { status: 'active', limit: SHOWN, ...(searched !== '' && { text: searched }) });
  const found = useQuery({ ...topicQuery(['devices'], path, personPage), placeholderData: keepPreviousData });
  const people = found.data?.people ?? [];
  const all = chosen && !people.some(({ id }) => id === chosen.id) ? [chosen, ...people] : people;
  const byId = new Map<string, PersonView>(all.map((person) => [person.id, person]));
  return (
    <Select
      data={all.map(({ id, name, inScope }) => ({ value: id, label: name, disabled: !inScope }))}
      value={chosen?.id ?? null}
      onChange={(id) => choose(id === null ? null : (byId.get(id) ?? null))}
      onSearchChange={setTyped}
      // Do not filter the server's results again. The search text may match the e-mail address, which is not part of the label.
      filter={({ options }) => options}
      renderOption={({ option }) => {
        const person = byId.get(option.value);
        return (
          <Stack gap={0}>
            <UserText>{option.label}</UserText>
            <Text size="xs" c="dimmed">
              {person && distinctionOf(person)}
              {person && !person.inScope && ' · also in groups outside your role'}
            </Text>
          </Stack>
        );
      }}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Clear selection' }}
      nothingFoundMessage={found.isFetching ? 'Searching…' : 'No person found'}
      {...rest}
    />
  );
}
