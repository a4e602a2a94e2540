/** Whom the order spares: groups as they are at the proposal, and single devices; until when, and why. Who is exempt is signed and not public. */
import { Button, Checkbox, Group, MultiSelect, Paper, Radio, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { devicePage } from '../../../../shared/api/devices.ts';
import { type ExemptionList, LONGEST_REASON } from '../../../../shared/api/orders.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { withQuery } from '../../client/call.ts';
import { groupsQuery, question } from '../../client/queries.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { DateTimeField } from './date-time-field.tsx';
import { type Exempted, exemptedAlready, exemptedOf, type Named } from './order-form.ts';
import { type Fields, fieldId } from './use-order-form.ts';
import { NO_TIME } from './written-time.ts';

const FOUND = 20;
const foundQuery = (text: string) =>
  question(['devices'], withQuery('/devices', { text, status: 'active', limit: FOUND }), devicePage);

export interface Revised {
  /** Whom the order exempts now; null while it is not known, or not the reader's to know. */
  readonly exempt: ExemptionList['exemptions'] | null;
}

/** `revises`: null for a new order. */
export function ExemptFields({ revises, ...fields }: Fields & { readonly revises: Revised | null }) {
  const { form, update } = fields;
  const list = form.exemption === 'list';
  const now = revises?.exempt ?? null;
  return (
    <Stack>
      {revises !== null && (
        <Radio.Group
          label="Who is exempt"
          value={form.exemption}
          onChange={(chosen) => update({ exemption: chosen === 'keep' ? 'keep' : 'list' })}
        >
          <Stack gap={6} mt={6}>
            <Radio value="keep" label={now === null ? 'As it is' : `As it is: ${devices(now.length)}`} />
            <Radio value="list" label="Those below, and nobody else" />
          </Stack>
        </Radio.Group>
      )}
      {list && now !== null && <Begin {...fields} exempt={now} />}
      {list && <Chosen {...fields} />}
    </Stack>
  );
}

/** Most changes of who is exempt leave the most of it alone. */
function Begin({ form, update, exempt }: Fields & { readonly exempt: ExemptionList['exemptions'] }) {
  const now = useServerNow(60_000);
  const already = exemptedAlready(exempt, form.zone, now);
  const missing = already.filter(({ value }) => form.devices.every((one) => one.value !== value));
  if (missing.length === 0) return null;
  return (
    <Group>
      <Button variant="default" size="xs" onClick={() => update({ devices: [...form.devices, ...missing] })}>
        Put in {devices(missing.length)} that {missing.length === 1 ? 'is' : 'are'} exempt now
      </Button>
    </Group>
  );
}

function Chosen({ form, update, touch, problemAt }: Fields) {
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
        onChange={(chosen) => update({ groups: exemptedOf(chosen, form.groups, groupChoices) })}
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
        onChange={(chosen) => update({ devices: exemptedOf(chosen, form.devices, deviceChoices) })}
        onSearchChange={setTyped}
        // The server has searched: what it found for a host name need not stand in the label.
        filter={({ options }) => options}
        searchable
        hidePickedOptions
        nothingFoundMessage={found.isFetching ? 'Looking…' : 'No such device'}
        error={problemAt('exempt')?.text}
      />
      {(['groups', 'devices'] as const).flatMap((kind) =>
        form[kind].map((one, index) => (
          <Terms
            key={one.value}
            one={one}
            zone={form.zone}
            change={(next) => update({ [kind]: form[kind].with(index, { ...one, ...next }) })}
            left={() => touch('exempt')}
          />
        )),
      )}
    </>
  );
}

/** Until when one of them is exempt, and why. */
function Terms({
  one: { value, label, until, reason },
  zone,
  change,
  left,
}: {
  readonly one: Exempted;
  readonly zone: string;
  readonly change: (next: Partial<Exempted>) => void;
  readonly left: () => void;
}) {
  return (
    <Paper withBorder p="sm" role="group" aria-label={`Exempt: ${label}`}>
      <Stack gap="sm">
        <Text fw={600} size="sm" style={{ overflowWrap: 'anywhere' }}>
          <Given>{label}</Given>
        </Text>
        <Textarea
          label="Why"
          description="For us alone: it stands neither in what is signed nor in anything public."
          value={reason}
          onChange={({ currentTarget }) => change({ reason: currentTarget.value })}
          maxLength={LONGEST_REASON}
          autosize
          minRows={1}
        />
        <Checkbox
          checked={until !== null}
          onChange={({ currentTarget }) => change({ until: currentTarget.checked ? NO_TIME : null })}
          label="It runs out by itself"
          description="Otherwise it lasts as long as the order."
        />
        {until !== null && (
          <DateTimeField
            id={`order-exempt-${value}`}
            legend="Exempt until"
            value={until}
            zone={zone}
            read={null}
            change={(next) => change({ until: next })}
            left={left}
            problem={undefined}
          />
        )}
      </Stack>
    </Paper>
  );
}

const devices = (count: number) => `${count} ${count === 1 ? 'device' : 'devices'}`;

function merged(chosen: readonly Named[], there: readonly Named[]): Named[] {
  const values = new Set(there.map(({ value }) => value));
  return [...there, ...chosen.filter(({ value }) => !values.has(value)).map(({ value, label }) => ({ value, label }))];
}
