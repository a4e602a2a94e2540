import { Badge, Button, Group, Modal, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type NotificationRuleView, notificationRuleView } from '../../../shared/api/notifications.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { conditionText } from './notification-words.ts';
import { channelsQuery, rulesQuery } from './queries.ts';
import { RuleForm } from './rule-form.tsx';

export function Rules() {
  const rules = useQuery(rulesQuery);
  const channels = useQuery(channelsQuery).data?.channels ?? [];
  const may = useMay();
  const client = useQueryClient();
  /** Rule in the dialog; `new` for a rule that does not exist yet. */
  const [edited, setEdited] = useState<NotificationRuleView | 'new' | null>(null);
  const [removing, setRemoving] = useState<NotificationRuleView | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: rulesQuery.queryKey });
  const mayChange = may('notification-rules.create');
  const add =
    channels.length === 0 ? (
      <ButtonLink to="/notifications" search={{ tab: 'channels' }}>
        Add channel first
      </ButtonLink>
    ) : (
      <Button onClick={() => setEdited('new')}>Add rule</Button>
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
                    actions={mayChange ? { change: () => setEdited(rule), remove: () => setRemoving(rule) } : null}
                  />
                ))}
              </Stack>
            </>
          )
        }
      </QueryResult>
      <Modal
        opened={edited !== null}
        onClose={() => setEdited(null)}
        title={edited === null || edited === 'new' ? 'Add rule' : 'Change rule'}
      >
        {edited !== null && (
          <RuleForm
            key={edited === 'new' ? 'new' : edited.id}
            rule={edited === 'new' ? null : edited}
            saved={async () => {
              await changed();
              setEdited(null);
            }}
          />
        )}
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
  actions,
}: {
  readonly rule: NotificationRuleView;
  readonly channelName: (id: string) => string;
  readonly changed: () => Promise<unknown>;
  readonly actions: { readonly change: () => void; readonly remove: () => void } | null;
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
        {actions && (
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
            <Button size="xs" variant="default" aria-label={`Change rule ${name}`} onClick={actions.change}>
              Change rule
            </Button>
            <Button size="xs" variant="default" aria-label={`Delete rule ${name}`} onClick={actions.remove}>
              Delete rule
            </Button>
          </Group>
        )}
      </Group>
    </Paper>
  );
}
