/** Section about the policy of a device: each value with its source, the reason, the last check result and the actions that follow. */
import { Alert, Badge, Group, List, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import {
  complianceKeptDetail,
  complianceRepairDetail,
  complianceStateDetail,
  type DeviceComplianceView,
} from '../../../../shared/api/compliance.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { valueText } from '../../../../shared/policy/catalog.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { deviceComplianceQuery, historyQuery } from '../../compliance/queries.ts';
import { PageLink } from '../../parts/links.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import {
  ACTION_EFFECTS,
  ACTION_NAMES,
  applicationText,
  reasonText,
  STATE_COLORS,
  STATE_NAMES,
  STATUS_COLORS,
  STATUS_NAMES,
  settingTitle,
} from '../../words/compliance.ts';
import { countdown } from '../../words/countdown.ts';
import classes from './device.module.css';
import { ShortList } from './short-list.tsx';

export function PolicySection({ id }: { readonly id: string }) {
  const may = useMay();
  const query = useQuery({ ...deviceComplianceQuery(id), enabled: may('compliance.show') });
  if (!may('compliance.show')) return null;
  return (
    <Section
      title="Policy and compliance"
      actions={query.data && <Badge color={STATE_COLORS[query.data.state]}>{STATE_NAMES[query.data.state]}</Badge>}
    >
      <QueryResult query={query} lines={3}>
        {(view) =>
          view.settings.length === 0 ? (
            <Text c="dimmed">
              No policy applies. Assign a policy to the device’s group on the page{' '}
              <PageLink to="/policies" underline="always">
                Policies
              </PageLink>
              .
            </Text>
          ) : (
            <Stack>
              <Actions view={view} />
              <ShortList items={view.settings} few={6} noun="settings">
                {(shown) => (
                  <ul className={classes.list}>
                    {shown.map((setting) => (
                      <li key={setting.setting}>
                        <SettingRow setting={setting} />
                      </li>
                    ))}
                  </ul>
                )}
              </ShortList>
              {view.reportedAt !== null && (
                <Text size="xs" c="dimmed">
                  Last report <Moment at={view.reportedAt} />
                </Text>
              )}
            </Stack>
          )
        }
      </QueryResult>
      {may('compliance.history') && <History id={id} />}
    </Section>
  );
}

function SettingRow({ setting }: { readonly setting: DeviceComplianceView['settings'][number] }) {
  const { setting: id, value, policy, status, detail, failingSince } = setting;
  return (
    <>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {settingTitle(id)}: {valueText(id, value)}
        </Text>
        <Badge color={status === null ? 'gray' : STATUS_COLORS[status]} style={{ flexShrink: 0 }}>
          {status === null ? 'Not reported' : STATUS_NAMES[status]}
        </Badge>
      </Group>
      {detail !== '' && (
        <Text size="sm">
          <UserText>{detail}</UserText>
          {failingSince !== null && (
            <>
              {' '}
              Since <Moment at={failingSince} />.
            </>
          )}
        </Text>
      )}
      <Text size="xs" c="dimmed">
        {applicationText(setting)} <UserText>{reasonText(setting)}</UserText>{' '}
        <PageLink to="/policies/$id" params={{ id: policy }} underline="always">
          Open policy
        </PageLink>
      </Text>
    </>
  );
}

function Actions({ view: { countdown: next, taken } }: { readonly view: DeviceComplianceView }) {
  const now = useServerNow(1_000);
  if (next.length === 0 && taken.length === 0) return null;
  return (
    <Alert color="yellow" title="Actions for this device">
      <List size="sm">
        {taken.map(({ action, at }) => (
          <List.Item key={`taken ${action}`}>
            In effect: {ACTION_NAMES[action]}, since <Moment at={at} />
          </List.Item>
        ))}
        {next.map(({ action, at, settings }) => (
          <List.Item key={action}>
            {ACTION_EFFECTS[action]} in {countdown(at - now)}, because of {settings.map(settingTitle).join(', ')}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

const EVENT_NAMES: Readonly<Record<string, string>> = {
  notify: 'Message sent to the user',
  'restrict-services': 'Messaging and mail restricted',
  'restore-services': 'Messaging and mail restored',
  'lock-workspace': 'Workspace locked',
  'unlock-workspace': 'Workspace unlocked',
  'wipe-workspace': 'Workspace wiped',
  'offline-lock': 'Workspace locked by its offline limit',
  'setting-repaired': 'Repaired by the agent',
  'change-kept': 'Change kept',
  withheld: 'Action withheld',
};

function History({ id }: { readonly id: string }) {
  const history = useQuery(historyQuery(id));
  const events = history.data?.events ?? [];
  if (events.length === 0) return null;
  return (
    <ShortList items={events} few={3} noun="changes">
      {(shown) => (
        <ul className={classes.list}>
          {shown.map(({ id: event, at, event: kind, detail }) => (
            <li key={event}>
              <Text size="sm">
                {kind === 'state' ? stateText(detail) : EVENT_NAMES[kind]}
                {kind === 'setting-repaired' && `: ${repairedTitle(detail)}`}
                {kind === 'change-kept' && <UserText>{`: ${keptText(detail)}`}</UserText>}
                {(kind === 'withheld' || kind === 'offline-lock') && detail !== '' && (
                  <UserText>{`: ${detail}`}</UserText>
                )}
              </Text>
              <Text size="xs" c="dimmed">
                <Moment at={at} />
              </Text>
            </li>
          ))}
        </ul>
      )}
    </ShortList>
  );
}

const repairedTitle = (detail: string): string =>
  settingTitle(complianceRepairDetail.parse(JSON.parse(detail)).setting);

function keptText(text: string): string {
  const { setting, detail } = complianceKeptDetail.parse(JSON.parse(text));
  return `${settingTitle(setting)}. ${detail}`;
}

function stateText(detail: string): string {
  const { state, failing } = complianceStateDetail.parse(JSON.parse(detail));
  const name = STATE_NAMES[state];
  return failing.length === 0 ? `State: ${name}` : `State: ${name} (${failing.map(settingTitle).join(', ')})`;
}
