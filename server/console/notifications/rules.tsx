import {
  Badge,
  Button,
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  Paper,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  type ConditionKind,
  type NotificationRuleView,
  notificationRuleView,
} from '../../../shared/api/notifications.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { ABOUT_DEVICES, CONDITION_NAMES, conditionText, SEVERITY_NAMES } from './notification-words.ts';
import { channelsQuery, rulesQuery } from './queries.ts';

type Severity = keyof typeof SEVERITY_NAMES;

export function Rules() {
  const rules = useQuery(rulesQuery);
  const channels = useQuery(channelsQuery).data?.channels ?? [];
  const may = useMay();
  const client = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<NotificationRuleView | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: rulesQuery.queryKey });
  const mayChange = may('notification-rules.create');
  const add =
    channels.length === 0 ? (
      <ButtonLink to="/notifications" search={{ tab: 'channels' }}>
        Add channel first
      </ButtonLink>
    ) : (
      <Button onClick={() => setAdding(true)}>Add rule</Button>
    );
  return (
    <Stack>
      <QueryResult query={rules}>
        {({ rules: all }) =>
          all.length === 0 ? (
            <Empty title="No rules" action={mayChange && add}>
              A rule sends a notification when, for example, an approval is pending or a device is offline for a week.
            </Empty>
          ) : (
            <>
              {mayChange && <div>{add}</div>}
              <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
                {all.map((rule) => (
                  <RuleRow
                    key={rule.id}
                    rule={rule}
                    channelName={(id) => channels.find((each) => each.id === id)?.name ?? 'a deleted channel'}
                    changed={changed}
                    remove={mayChange ? () => setRemoving(rule) : null}
                  />
                ))}
              </Stack>
            </>
          )
        }
      </QueryResult>
      <Modal opened={adding} onClose={() => setAdding(false)} title="Add rule">
        <Form
          close={async () => {
            await changed();
            setAdding(false);
          }}
        />
      </Modal>
      <Confirm
        title="Delete rule"
        opened={removing !== null}
        close={() => setRemoving(null)}
        verb="Delete rule"
        grave
        act={async () => {
          await call('DELETE', `/notifications/rules/${removing?.id}`, done);
          await changed();
        }}
      >
        <Text>
          The rule <UserText>{removing?.name ?? ''}</UserText> sends no further notifications. Waiting deliveries
          continue.
        </Text>
      </Confirm>
    </Stack>
  );
}

function RuleRow({
  rule,
  channelName,
  changed,
  remove,
}: {
  readonly rule: NotificationRuleView;
  readonly channelName: (id: string) => string;
  readonly changed: () => Promise<unknown>;
  readonly remove: (() => void) | null;
}) {
  const { id, name, condition, group, channels, repeatHours, enabled } = rule;
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const switching = useMutation({
    mutationFn: () => call('PATCH', `/notifications/rules/${id}`, notificationRuleView, { enabled: !enabled }),
    onSuccess: changed,
  });
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" gap="sm">
        <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
          <Group gap="xs">
            <Text fw={600}>
              <UserText>{name}</UserText>
            </Text>
            {!enabled && <Badge color="gray">Disabled</Badge>}
          </Group>
          <Text size="sm">
            {conditionText(condition)}
            {group !== null && (
              <>
                {', group '}
                <UserText>{groups.find((each) => each.id === group)?.name ?? 'that was deleted'}</UserText>
              </>
            )}
            {' → '}
            <UserText>{channels.map(channelName).join(', ')}</UserText>
          </Text>
          <Text size="sm" c="dimmed">
            {repeatHours === null
              ? 'Sent once for each cause'
              : `Repeated every ${repeatHours} hours while the cause lasts`}
          </Text>
          {switching.isError && <Failure error={switching.error} />}
        </div>
        {remove && (
          <Group gap="xs">
            <Button
              size="xs"
              variant="default"
              loading={switching.isPending}
              aria-label={`${enabled ? 'Disable' : 'Enable'} rule ${name}`}
              onClick={() => switching.mutate()}
            >
              {enabled ? 'Disable rule' : 'Enable rule'}
            </Button>
            <Button size="xs" variant="default" aria-label={`Delete rule ${name}`} onClick={remove}>
              Delete rule
            </Button>
          </Group>
        )}
      </Group>
    </Paper>
  );
}

function Form({ close }: { readonly close: () => Promise<void> }) {
  const channels = useQuery(channelsQuery).data?.channels ?? [];
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const [name, setName] = useState('');
  const [kind, setKind] = useState<ConditionKind>('approval-pending');
  const [days, setDays] = useState<number | string>(7);
  const [hours, setHours] = useState<number | string>(24);
  const [severity, setSeverity] = useState<Severity>('warning');
  const [group, setGroup] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string[]>([]);
  const [repeat, setRepeat] = useState<number | string>('');
  const saving = useMutation({
    mutationFn: () =>
      call('POST', '/notifications/rules', notificationRuleView, {
        name: name.trim(),
        condition: {
          kind,
          ...(kind === 'device-offline' && { days }),
          ...(kind === 'order-effective' && { hours }),
          ...(kind === 'health-issue' && { severity }),
        },
        group: ABOUT_DEVICES.has(kind) ? group : null,
        channels: chosen,
        repeatHours: repeat === '' ? null : repeat,
      }),
    onSuccess: close,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          dir="auto"
          required
          maxLength={80}
          data-autofocus
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <Select
          label="Condition"
          data={Object.entries(CONDITION_NAMES).map(([value, label]) => ({ value, label }))}
          value={kind}
          allowDeselect={false}
          onChange={(value) => setKind((value ?? 'approval-pending') as ConditionKind)}
        />
        {kind === 'device-offline' && (
          <NumberInput label="Days without a connection" required min={1} max={365} value={days} onChange={setDays} />
        )}
        {kind === 'order-effective' && (
          <NumberInput
            label="Hours before the effective time"
            required
            min={1}
            max={720}
            value={hours}
            onChange={setHours}
          />
        )}
        {kind === 'health-issue' && (
          <Select
            label="Severity"
            data={Object.entries(SEVERITY_NAMES).map(([value, label]) => ({ value, label }))}
            value={severity}
            allowDeselect={false}
            onChange={(value) => setSeverity((value ?? 'warning') as Severity)}
          />
        )}
        {ABOUT_DEVICES.has(kind) && (
          <Select
            label="Group"
            placeholder="All groups"
            data={groups.map((each) => ({ value: each.id, label: each.name }))}
            value={group}
            onChange={setGroup}
            clearable
            clearButtonProps={{ 'aria-label': 'Clear selection' }}
          />
        )}
        <MultiSelect
          label="Channels"
          withAsterisk
          data={channels.map((each) => ({ value: each.id, label: each.name }))}
          value={chosen}
          onChange={setChosen}
        />
        <NumberInput
          label="Repeat every … hours"
          description="Leave empty to send one notification for each cause."
          min={1}
          max={720}
          value={repeat}
          onChange={setRepeat}
        />
        {saving.isError && <Failure error={saving.error} />}
        <Button type="submit" loading={saving.isPending} disabled={chosen.length === 0}>
          Add rule
        </Button>
      </Stack>
    </form>
  );
}
