/** Where: areas by name, and whose the disputed ground is that they touch. */
import { Fieldset, MultiSelect, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { parseArea } from '../../../../shared/areas/area-code.ts';
import { areaName, listed } from '../../../../shared/look/area-words.ts';
import { COUNTRY_CHOICES, GROUP_CHOICES, subdivisionChoices, withChosen } from '../../words/places.ts';
import { disputedName } from '../rule-words.ts';
import { claimsOn, groundTouched } from './disputed-ground.ts';
import { type Fields, fieldId } from './use-order-form.ts';
import { likelyZone } from './zones.ts';

export function WhereFields({ form, update, touch, problemAt }: Fields) {
  const [typed, setTyped] = useState('');
  const parts = subdivisionChoices(typed);
  const there = new Set([...COUNTRY_CHOICES, ...GROUP_CHOICES, ...parts].map(({ value }) => value));
  const others = withChosen(
    [],
    form.areas.filter((area) => !there.has(area)),
  );
  const choose = (areas: string[]) => {
    const zone = form.zoneChosen ? null : likelyZone(areas);
    const touched = groundTouched(areas.map(parseArea));
    const disputed = Object.entries(form.disputed).filter(([feature]) => touched.some((each) => each === feature));
    update({ areas, disputed: Object.fromEntries(disputed), ...(zone !== null && { zone }) });
  };
  const ground = groundTouched(form.areas.map(parseArea));
  return (
    <Stack>
      <MultiSelect
        id={fieldId('areas')}
        label="Areas"
        description="Countries, parts of them (type a country’s code and a hyphen: US-), or groups of countries. A territory with a code of its own, such as Hong Kong, is itself."
        placeholder={form.areas.length === 0 ? 'Type a name or a code' : ''}
        data={[
          { group: 'Groups of countries', items: [...GROUP_CHOICES] },
          { group: 'Countries', items: [...COUNTRY_CHOICES] },
          { group: 'Parts of countries', items: [...parts, ...others] },
        ]}
        value={form.areas}
        onChange={choose}
        onSearchChange={setTyped}
        onBlur={() => touch('areas')}
        error={problemAt('areas')?.text}
        searchable
        hidePickedOptions
        limit={60}
        nothingFoundMessage="No such area. For a part of a country type its code and a hyphen, such as US-"
        required
        withAsterisk
      />
      {ground.length > 0 && (
        <Fieldset legend="Disputed ground in or at these areas" id={fieldId('disputed')} tabIndex={-1}>
          <Text size="sm" c="dimmed" mb="sm">
            The order’s own word decides whose it is. Without it, a device there may be in any of the countries that
            claim it, and the rule for places in doubt decides.
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            {ground.map((feature) => (
              <Select
                key={feature}
                label={disputedName(feature)}
                data={claimsOn(feature).map((code) => ({ value: code, label: `As ${areaName(code)}` }))}
                placeholder={`In doubt: ${listed(claimsOn(feature).map(areaName))}`}
                value={form.disputed[feature] ?? null}
                onChange={(area) => {
                  const { [feature]: _, ...rest } = form.disputed;
                  update({ disputed: area === null ? rest : { ...rest, [feature]: area } });
                }}
                clearable
                clearButtonProps={{ 'aria-label': `${disputedName(feature)}: in doubt again` }}
              />
            ))}
          </SimpleGrid>
          {problemAt('disputed') && (
            <Text size="sm" c="red" role="alert">
              {problemAt('disputed')?.text}
            </Text>
          )}
        </Fieldset>
      )}
    </Stack>
  );
}
