/** Whom the order spares: groups as they are at the proposal, and single devices. Who is exempt is signed and not public. */
import { MultiSelect, Radio, Stack } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { devicePage } from '../../../../shared/api/devices.ts';
import { withQuery } from '../../client/call.ts';
import { groupsQuery, question } from '../../client/queries.ts';
import { type Fields, fieldId } from './use-order-form.ts';

type Named = { value: string; label: string };

const FOUND = 20;
const foundQuery = (text: string) =>
  question(['devices'], withQuery('/devices', { text, status: 'active', limit: FOUND }), devicePage);

export interface Revised {
  /** How many devices the order exempts now; null while it is not known. */
  readonly exempt: number | null;
}

/** `revises`: null for a new order. */
export function ExemptFields({ revises, ...fields }: Fields & { readonly revises: Revised | null }) {
  const { form, update } = fields;
  const list = form.exemption === 'list';
  return (
    <Stack>
      {revises !== null && (
        <Radio.Group
          label="Who is exempt"
          value={form.exemption}
          onChange={(chosen) => update({ exemption: chosen === 'keep' ? 'keep' : 'list' })}
        >
          <Stack gap={6} mt={6}>
            <Radio value="keep" label={revises.exempt === null ? 'As it is' : `As it is: ${devices(revises.exempt)}`} />
            <Radio value="list" label="Those below, and nobody else" />
          </Stack>
        </Radio.Group>
      )}
      {list && <Exempted {...fields} />}
    </Stack>
  );
}

function Exempted({ form, update, touch, problemAt }: Fields) {
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed.trim(), 250);
  const groups = useQuery(groupsQuery);
  const found = useQuery({ ...foundQuery(text), placeholderData: keepPreviousData });
  const groupChoices = merged(
    form.groups,
    (groups.data?.groups ?? []).map(({ id, name }) => ({ value: id, label: name })),
  );
  const deviceChoices = merged(
    form.devices,
    (found.data?.devices ?? []).map(({ id, user, hostname }) => ({
      value: id,
      label: hostname === null ? user : `${user} (${hostname})`,
    })),
  );
  return (
    <>
      <MultiSelect
        label="Groups"
        id={fieldId('exempt')}
        description="The devices that are in them at the moment of the proposal. Whoever joins later is not exempt."
        data={groupChoices}
        value={form.groups.map(({ value }) => value)}
        onChange={(chosen) => update({ groups: groupChoices.filter(({ value }) => chosen.includes(value)) })}
        onBlur={() => touch('exempt')}
        searchable
        hidePickedOptions
        nothingFoundMessage="No such group"
      />
      <MultiSelect
        label="Devices"
        description="By their user, host name or id"
        data={deviceChoices}
        value={form.devices.map(({ value }) => value)}
        onChange={(chosen) => update({ devices: deviceChoices.filter(({ value }) => chosen.includes(value)) })}
        onSearchChange={setTyped}
        // The server has searched: what it found for a host name need not stand in the label.
        filter={({ options }) => options}
        searchable
        hidePickedOptions
        nothingFoundMessage={found.isFetching ? 'Looking…' : 'No such device'}
        error={problemAt('exempt')?.text}
      />
    </>
  );
}

const devices = (count: number) => `${count} ${count === 1 ? 'device' : 'devices'}`;

function merged(chosen: readonly Named[], there: readonly Named[]): Named[] {
  const values = new Set(there.map(({ value }) => value));
  return [...there, ...chosen.filter(({ value }) => !values.has(value))];
}
