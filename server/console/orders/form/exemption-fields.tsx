/**
 * Form fields for exempt groups and devices, each with an end and a reason. A group stands for its devices at the time of the proposal.
 * Exemptions are signed but not public.
 */
import { Button, Checkbox, Group, MultiSelect, Paper, Radio, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ExemptionList } from '../../../../shared/api/affected-devices.ts';
import { devicePage } from '../../../../shared/api/devices.ts';
import { LONGEST_REASON } from '../../../../shared/api/order-proposals.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { withQuery } from '../../client/call.ts';
import { groupsQuery, topicQuery } from '../../client/queries.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { trustedGroups } from '../../parts/group-choices.ts';
import { DateTimeField } from './date-time-field.tsx';
import { NO_TIME } from './local-time.ts';
import { type Exempted, exemptedAlready, exemptedOf, type Named } from './order-form.ts';
import { type Fields, fieldId } from './use-order-form.ts';

const FOUND = 20;
const foundQuery = (text: string) =>
  topicQuery(['devices'], withQuery('/devices', { text, status: 'active', limit: FOUND }), devicePage);

export interface Revised {
  /** Current exemptions of an existing order. Null if they have not loaded, or if the signed-in admin may not see them. */
  readonly exempt: ExemptionList['exemptions'] | null;
}

export function ExemptionFields({ revises, ...fields }: Fields & { readonly revises: Revised | null }) {
  const { form, update } = fields;
  const list = form.exemption === 'list';
  const now = revises?.exempt ?? null;
  return (
    <Stack>
      {revises !== null && (
        <Radio.Group
          label="Exemptions"
          value={form.exemption}
          onChange={(chosen) => update({ exemption: chosen === 'keep' ? 'keep' : 'list' })}
        >
          <Stack gap={6} mt={6}>
            <Radio
              value="keep"
              label={now === null ? 'Keep current exemptions' : `Keep current exemptions: ${devices(now.length)}`}
            />
            <Radio value="list" label="Replace with the list below" />
          </Stack>
        </Radio.Group>
      )}
      {list && now !== null && <Begin {...fields} exempt={now} />}
      {list && <Chosen {...fields} />}
    </Stack>
  );
}

/** By default, the proposal keeps the current exemptions, because most changes of an order do not concern exemptions. */
function Begin({ form, update, exempt }: Fields & { readonly exempt: ExemptionList['exemptions'] }) {
  const now = useServerNow(60_000);
  const already = exemptedAlready(exempt, form.zone, now);
  const missing = already.filter(({ value }) => form.devices.every((one) => one.value !== value));
  if (missing.length === 0) return null;
  return (
    <Group>
      <Button variant="default" size="xs" onClick={() => update({ devices: [...form.devices, ...missing] })}>
        Add {devices(missing.length)} with a current exemption
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
    trustedGroups(groups.data?.groups ?? []).map(({ id, name }) => ({ value: id, label: name })),
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
        description="The order exempts all devices that are in these groups at the time of the proposal. Devices that join a group later are not exempt."
        data={groupChoices}
        value={form.groups.map(({ value }) => value)}
        onChange={(chosen) => update({ groups: exemptedOf(chosen, form.groups, groupChoices) })}
        onBlur={() => touch('exempt')}
        searchable
        hidePickedOptions
        nothingFoundMessage="No group found"
      />
      <MultiSelect
        label="Devices"
        description="Search by user, host name or device ID"
        data={deviceChoices}
        value={form.devices.map(({ value }) => value)}
        onChange={(chosen) => update({ devices: exemptedOf(chosen, form.devices, deviceChoices) })}
        onSearchChange={setTyped}
        // Do not filter the server's results again. The search text may match the host name, which is not always part of the label.
        filter={({ options }) => options}
        searchable
        hidePickedOptions
        nothingFoundMessage={found.isFetching ? 'Searching…' : 'No device found'}
        error={problemAt('exempt')?.text}
      />
      {(['groups', 'devices'] as const).flatMap((kind) =>
        form[kind].map((one, index) => (
          <Terms
            key={one.value}
            one={one}
            zone={form.zone}
            change={(next) => update({ [kind]: form[kind].with(index, { ...one, ...next }) })}
            onBlur={() => touch('exempt')}
          />
        )),
      )}
    </>
  );
}

function Terms({
  one: { value, label, until, reason },
  zone,
  change,
  onBlur,
}: {
  readonly one: Exempted;
  readonly zone: string;
  readonly change: (next: Partial<Exempted>) => void;
  readonly onBlur: () => void;
}) {
  return (
    <Paper withBorder p="sm" role="group" aria-label={`Exempt: ${label}`}>
      <Stack gap="sm">
        <Text fw={600} size="sm" style={{ overflowWrap: 'anywhere' }}>
          <UserText>{label}</UserText>
        </Text>
        <Textarea
          label="Reason"
          description="The reason is internal: approvers do not sign it, and it is not public."
          value={reason}
          onChange={({ currentTarget }) => change({ reason: currentTarget.value })}
          maxLength={LONGEST_REASON}
          autosize
          minRows={1}
        />
        <Checkbox
          checked={until !== null}
          onChange={({ currentTarget }) => change({ until: currentTarget.checked ? NO_TIME : null })}
          label="Set an end time"
          description="Without an end time, the exemption lasts as long as the order."
        />
        {until !== null && (
          <DateTimeField
            id={`order-exempt-${value}`}
            legend="Exempt until"
            value={until}
            zone={zone}
            read={null}
            change={(next) => change({ until: next })}
            onBlur={onBlur}
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
