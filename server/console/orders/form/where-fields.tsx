/** Where: areas by name, and whose the disputed ground is that they touch. */
import { Fieldset, MultiSelect, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { DisputedFeature } from '../../../../shared/areas/area-code.ts';
import { areaName } from '../../../../shared/areas/area-words.ts';
import { CONTESTED, claimsOn, groundMapOf } from '../../../../shared/areas/disputed-policy.ts';
import { policiesQuery } from '../../client/policies-query.ts';
import { areasQuery } from '../../client/queries.ts';
import { choiceWords, claimantsWords, disputedName } from '../../words/ground.ts';
import {
  asTyped,
  type Choice,
  COUNTRY_CHOICES,
  GROUP_CHOICES,
  ownChoices,
  subdivisionChoices,
  withChosen,
} from '../../words/places.ts';
import { groundOf, groundSaid } from './disputed-ground.ts';
import { inZone } from './order-form.ts';
import { type Fields, fieldId } from './use-order-form.ts';
import { likelyZone } from './zones.ts';

export function WhereFields({ form, update, touch, problemAt }: Fields) {
  const own = useQuery(areasQuery).data?.areas ?? [];
  const inForce = useQuery(policiesQuery).data?.policies.find(({ active }) => active);
  const policy = useMemo(() => inForce && groundMapOf(inForce), [inForce]);
  const [typed, setTyped] = useState('');
  const parts = subdivisionChoices(typed);
  const there = new Set([...COUNTRY_CHOICES, ...GROUP_CHOICES, ...ownChoices(own), ...parts].map(({ value }) => value));
  const others = withChosen(
    [],
    form.areas.filter((area) => !there.has(area)),
  );
  const choose = (areas: string[]) => {
    const zone = form.zoneChosen ? null : likelyZone(areas);
    const disputed = groundSaid(groundOf(areas, own), form.disputed, policy);
    update({ areas, disputed, ...(zone !== null && inZone(form, zone)) });
  };
  const ground = groundOf(form.areas, own);
  return (
    <Stack>
      <MultiSelect
        id={fieldId('areas')}
        label="Areas"
        description="Countries, parts of them (by name, or type a country’s code and a hyphen: US-), groups of countries, or what you have made under Settings. A territory with a code of its own, such as Hong Kong, is itself."
        placeholder={form.areas.length === 0 ? 'Type a name or a code' : ''}
        data={[
          { group: 'Of your own', items: [...ownChoices(own)] },
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
        filter={asTyped}
        hidePickedOptions
        limit={60}
        nothingFoundMessage="No such area. For the parts of a country type its code and a hyphen, such as US-"
        required
        withAsterisk
      />
      {ground.length > 0 && (
        <Fieldset legend="Disputed ground in or at these areas" id={fieldId('disputed')} tabIndex={-1}>
          <Text size="sm" c="dimmed" mb="sm">
            The order’s own word decides whose it is; it begins with what your policy says. Where it stays contested, a
            device there may be in any of the countries that claim it, and the rule for places in doubt decides.
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            {ground.map((feature) => (
              <Select
                key={feature}
                label={disputedName(feature)}
                description={policy && policyWords(form.disputed[feature], policy.get(feature))}
                data={choicesOf(feature, form.disputed[feature])}
                placeholder="As your policy says"
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

/** An order may put ground where nobody else claims it: what it says is among the choices all the same. */
function choicesOf(feature: DisputedFeature, said: string | undefined): Choice[] {
  const claimed = claimsOn(feature).map((code) => ({ value: code, label: `As ${areaName(code)}` }));
  const contested = { value: CONTESTED, label: `Contested: ${claimantsWords(feature)}` };
  return withChosen([...claimed, contested], said === undefined ? [] : [said]);
}

/** Whether the order says as the policy does, or how the policy has it. */
function policyWords(said: string | undefined, policy: string | undefined): string {
  return said === undefined || said === (policy ?? CONTESTED)
    ? 'As your policy says.'
    : `Your policy says otherwise: it ${choiceWords(policy)}.`;
}
