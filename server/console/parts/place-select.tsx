/** One country, or one part of a country (`PK-SD`: by name, or type `PK-` to see them). */
import { Select, type SelectProps } from '@mantine/core';
import { useState } from 'react';
import { asTyped, COUNTRY_CHOICES, subdivisionChoices, withChosen } from '../words/places.ts';

export function PlaceSelect({ value, ...rest }: Omit<SelectProps, 'data'> & { readonly value?: string | null }) {
  const [typed, setTyped] = useState('');
  const data = withChosen([...COUNTRY_CHOICES, ...subdivisionChoices(typed)], value ? [value] : []);
  return (
    <Select
      data={data}
      value={value ?? null}
      searchable
      filter={asTyped}
      clearable
      clearButtonProps={{ 'aria-label': 'Clear' }}
      limit={100}
      onSearchChange={setTyped}
      nothingFoundMessage="No such place. For the parts of a country type its code and a hyphen, such as PK-"
      {...rest}
    />
  );
}
