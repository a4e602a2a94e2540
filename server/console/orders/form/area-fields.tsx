/** Form fields for the areas of an order, and for the countries to which the order assigns disputed territories in these areas. */
import { Fieldset, MultiSelect, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Territory } from '../../../../shared/areas/area-code.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import { CONTESTED, claimantsOf, territoryMapOf } from '../../../../shared/areas/territory-policy.ts';
import { policiesQuery } from '../../client/policies-query.ts';
import { areasQuery } from '../../client/queries.ts';
import {
  asTyped,
  type Choice,
  COUNTRY_CHOICES,
  GROUP_CHOICES,
  ownChoices,
  subdivisionChoices,
  withChosen,
} from '../../words/area-choices.ts';
import { choiceWords, claimantsText, disputedName } from '../../words/territories.ts';
import { assignmentsFor, territoriesOf } from './disputed-territories.ts';
import { inZone } from './order-form.ts';
import { type Fields, fieldId } from './use-order-form.ts';
import { likelyZone } from './zones.ts';

export function AreaFields({ form, update, touch, problemAt }: Fields) {
  const own = useQuery(areasQuery).data?.areas ?? [];
  const inForce = useQuery(policiesQuery).data?.policies.find(({ active }) => active);
  const policy = useMemo(() => inForce && territoryMapOf(inForce), [inForce]);
  const [typed, setTyped] = useState('');
  const parts = subdivisionChoices(typed);
  const there = new Set([...COUNTRY_CHOICES, ...GROUP_CHOICES, ...ownChoices(own), ...parts].map(({ value }) => value));
  const others = withChosen(
    [],
    form.areas.filter((area) => !there.has(area)),
  );
  const choose = (areas: string[]) => {
    const zone = form.zoneChosen ? null : likelyZone(areas);
    const disputed = assignmentsFor(territoriesOf(areas, own), form.disputed, policy);
    update({ areas, disputed, ...(zone !== null && inZone(form, zone)) });
  };
  const territories = territoriesOf(form.areas, own);
  return (
    <Stack>
      <MultiSelect
        id={fieldId('areas')}
        label="Areas"
        description="Select countries, subdivisions, groups of countries, or your own areas from the settings. To find subdivisions, type a name or a country code with a hyphen, for example US-. A territory with its own code, such as Hong Kong, is a separate choice."
        placeholder={form.areas.length === 0 ? 'Type a name or a code' : ''}
        data={[
          { group: 'Your own areas', items: [...ownChoices(own)] },
          { group: 'Groups of countries', items: [...GROUP_CHOICES] },
          { group: 'Countries', items: [...COUNTRY_CHOICES] },
          { group: 'Subdivisions', items: [...parts, ...others] },
        ]}
        value={form.areas}
        onChange={choose}
        onSearchChange={setTyped}
        onBlur={() => touch('areas')}
        error={problemAt('areas')?.text}
        // Open the list of areas below the field, so that it does not cover the error above the field.
        inputWrapperOrder={['label', 'description', 'error', 'input']}
        // Options of the area list replace those of the theme, so they repeat `withinPortal`, which keeps the list inside the page's
        // landmarks.
        comboboxProps={{
          withinPortal: false,
          floatingStrategy: 'fixed',
          position: 'bottom',
          middlewares: { flip: false, shift: false },
        }}
        openOnFocus={false}
        selectFirstOptionOnChange={typed !== ''}
        searchable
        filter={asTyped}
        hidePickedOptions
        limit={60}
        nothingFoundMessage="No area found. To find subdivisions, type a country code and a hyphen, for example US-"
        required
        withAsterisk
      />
      {territories.length > 0 && (
        <Fieldset legend="Disputed territories in or near these areas" id={fieldId('disputed')} tabIndex={-1}>
          <Text size="sm" c="dimmed" mb="sm">
            The order assigns each territory to a country. The form starts with the assignments of your territory
            policy. A device in a contested territory may be in any country that claims the territory. The rule for
            contested locations then applies.
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            {territories.map((feature) => (
              <Select
                key={feature}
                label={disputedName(feature)}
                description={policy && policyWords(form.disputed[feature], policy.get(feature))}
                data={choicesOf(feature, form.disputed[feature])}
                placeholder="From your territory policy"
                value={form.disputed[feature] ?? null}
                onChange={(choice) => choice !== null && update({ disputed: { ...form.disputed, [feature]: choice } })}
                allowDeselect={false}
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

/** An order may assign a territory to a country that does not claim it, so the choices must also contain that country. */
function choicesOf(feature: Territory, assigned: string | undefined): Choice[] {
  const claimed = claimantsOf(feature).map((code) => ({ value: code, label: `${areaName(code)}` }));
  const contested = { value: CONTESTED, label: `Contested: ${claimantsText(feature)}` };
  return withChosen([...claimed, contested], assigned === undefined ? [] : [assigned]);
}

function policyWords(assigned: string | undefined, policy: string | undefined): string {
  return assigned === undefined || assigned === (policy ?? CONTESTED)
    ? 'Your territory policy has the same assignment as this order.'
    : `Your territory policy differs: in the policy, the territory ${choiceWords(policy)}.`;
}
