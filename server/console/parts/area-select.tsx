/** Form field for one country or subdivision (`PK-SD`). The user can search by name or by code. */
import { Select, type SelectProps } from '@mantine/core';
import { useState } from 'react';
import { asTyped, COUNTRY_CHOICES, subdivisionChoices, withChosen } from '../words/area-choices.ts';

export function AreaSelect({ value, ...rest }: Omit<SelectProps, 'data'> & { readonly value?: string | null }) {
  const [typed, setTyped] = useState('');
  const data = withChosen([...COUNTRY_CHOICES, ...subdivisionChoices(typed)], value ? [value] : []);
  return (
    <Select
      data={data}
      value={value ?? null}
      searchable
      filter={asTyped}
      clearable
      clearButtonProps={{ 'aria-label': 'Clear selection' }}
      limit={100}
      onSearchChange={setTyped}
      nothingFoundMessage="No area found. To find the parts of a country, type the country code and a hyphen, for example PK-"
      {...rest}
    />
  );
}
