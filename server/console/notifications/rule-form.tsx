import { Button, MultiSelect, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  type ConditionKind,
  type NotificationRuleView,
  notificationRuleView,
} from '../../../shared/api/notifications.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { ABOUT_DEVICES, CONDITION_NAMES, SEVERITY_NAMES } from './notification-words.ts';
import { channelsQuery } from './queries.ts';

type Severity = keyof typeof SEVERITY_NAMES;

/** Form for a notification rule. `rule`: the rule to change; null for a new rule. */
export function RuleForm({
  rule,
  saved,
}: {
  readonly rule: NotificationRuleView | null;
  readonly saved: () => Promise<void>;
}) {
  const channels = useQuery(channelsQuery).data?.channels ?? [];
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const before = rule?.condition;
  const [name, setName] = useState(rule?.name ?? '');
  const [kind, setKind] = useState<ConditionKind>(before?.kind ?? 'approval-pending');
  const [days, setDays] = useState<number | string>(before?.kind === 'device-offline' ? before.days : 7);
  const [hours, setHours] = useState<number | string>(before?.kind === 'order-effective' ? before.hours : 24);
  const [severity, setSeverity] = useState<Severity>(before?.kind === 'health-issue' ? before.severity : 'warning');
  const [group, setGroup] = useState<string | null>(rule?.group ?? null);
  const [chosen, setChosen] = useState<string[]>([...(rule?.channels ?? [])]);
  const [repeat, setRepeat] = useState<number | string>(rule?.repeatHours ?? '');
  const saving = useMutation({
    mutationFn: () => {
      const fields = {
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
      };
      return rule
        ? call('PATCH', `/notifications/rules/${rule.id}`, notificationRuleView, fields)
        : call('POST', '/notifications/rules', notificationRuleView, fields);
    },
    onSuccess: saved,
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
          {rule ? 'Save rule' : 'Add rule'}
        </Button>
      </Stack>
    </form>
  );
}
