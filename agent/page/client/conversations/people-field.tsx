/**
 * Field that selects people of the organization by a part of their names. The e-mail address and groups distinguish people of the same
 * name.
 */
import { MultiSelect, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { type FoundPerson, MOST_PEOPLE } from '../../api.ts';
import { peopleQuery } from '../client/queries.ts';
import { WORDS } from '../words/english.ts';

const words = WORDS.start;

export function PeopleField({
  chosen,
  choose,
  label,
  description,
  error,
  except = [],
  autoFocus = false,
}: {
  readonly chosen: readonly FoundPerson[];
  readonly choose: (people: readonly FoundPerson[]) => void;
  readonly label: string;
  readonly description?: string;
  readonly error?: string | undefined;
  readonly except?: readonly string[];
  readonly autoFocus?: boolean;
}) {
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed.trim(), 150);
  const found = useQuery({ ...peopleQuery(text), enabled: text !== '' });
  const known = new Map<string, FoundPerson>();
  for (const each of [...chosen, ...(text === '' ? [] : (found.data ?? []))]) {
    if (!except.includes(each.person)) known.set(each.person, each);
  }
  const nobody = text !== '' && found.data?.length === 0 && !found.isPlaceholderData;
  return (
    <div>
      <MultiSelect
        label={label}
        description={description}
        error={error}
        placeholder={chosen.length === 0 ? words.placeholder : ''}
        data={[...known.values()].map(({ person, name }) => ({ value: person, label: name }))}
        value={chosen.map(({ person }) => person)}
        onChange={(ids) => choose(ids.flatMap((id) => known.get(id) ?? []))}
        searchable
        searchValue={typed}
        onSearchChange={setTyped}
        // The agent has already filtered the people by its own rule for names.
        filter={({ options }) => options}
        maxValues={MOST_PEOPLE}
        hidePickedOptions
        renderOption={({ option }) => (
          <Stack gap={0}>
            <UserText>{option.label}</UserText>
            <Text size="xs" c="dimmed">
              <UserText>{distinctionOf(known.get(option.value))}</UserText>
            </Text>
          </Stack>
        )}
        data-autofocus={autoFocus || undefined}
      />
      <Text size="sm" role="status">
        {nobody && words.none}
      </Text>
    </div>
  );
}

const distinctionOf = (person: FoundPerson | undefined): string =>
  person === undefined ? '' : [...(person.email === null ? [] : [person.email]), ...person.groups].join(' · ');
