import { Button, Group, Modal, Paper, Stack, Table, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type PolicyVersionView, type PolicyView, policyComparison, policyView } from '../../../shared/api/policies.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { valueText } from '../../../shared/policy/catalog.ts';
import { compareRules, differenceTexts, type RuleDifference } from '../../../shared/policy/policy-document.ts';
import { call } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { Moment } from '../parts/words.tsx';
import { ACTION_NAMES, settingTitle } from '../words/compliance.ts';
import { versionsQuery } from './queries.ts';
import { RehearsalResult } from './rehearsal-result.tsx';

export function Versions({ policy }: { readonly policy: PolicyView }) {
  const versions = useQuery(versionsQuery(policy.id));
  const may = useMay();
  const client = useQueryClient();
  const [shown, setShown] = useState<PolicyVersionView | null>(null);
  const [compared, setCompared] = useState<number | null>(null);
  const [restored, setRestored] = useState<number | null>(null);
  return (
    <QueryResult query={versions}>
      {({ versions: all, people }) => (
        <>
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {all.map((version) => (
              <Paper key={version.version} component="li" withBorder p="md">
                <Group justify="space-between" gap="sm">
                  <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
                    <Text fw={600}>Version {version.version}</Text>
                    <Text size="sm" c="dimmed">
                      Created <Moment at={version.createdAt} /> by{' '}
                      <UserText>{people[version.createdBy] ?? 'a deleted account'}</UserText>
                    </Text>
                    {version.note !== '' && (
                      <Text size="sm" dir="auto">
                        {version.note}
                      </Text>
                    )}
                  </div>
                  <Group gap="xs">
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={`Show version ${version.version}`}
                      onClick={() => setShown(version)}
                    >
                      Show version
                    </Button>
                    {version.version !== policy.newestVersion && (
                      <Button
                        size="xs"
                        variant="default"
                        aria-label={`Compare with newest: version ${version.version}`}
                        onClick={() => setCompared(version.version)}
                      >
                        Compare with newest
                      </Button>
                    )}
                    {may('policies.roll-back') && version.version !== policy.newestVersion && (
                      <Button
                        size="xs"
                        variant="default"
                        aria-label={`Roll back to version ${version.version}`}
                        onClick={() => setRestored(version.version)}
                      >
                        Roll back…
                      </Button>
                    )}
                  </Group>
                </Group>
              </Paper>
            ))}
          </Stack>
          <Modal
            opened={shown !== null}
            onClose={() => setShown(null)}
            title={`Version ${shown?.version ?? ''}`}
            size="lg"
          >
            {shown && <Content version={shown} />}
          </Modal>
          <Modal
            opened={compared !== null}
            onClose={() => setCompared(null)}
            title={`Version ${compared ?? ''} and version ${policy.newestVersion}`}
            size="lg"
          >
            {compared !== null && <Comparison id={policy.id} from={compared} to={policy.newestVersion} />}
          </Modal>
          <Confirm
            title="Roll back policy"
            opened={restored !== null}
            close={() => setRestored(null)}
            verb={`Roll back to version ${restored ?? ''}`}
            act={async () => {
              await call('POST', `/policies/${policy.id}/rollback`, policyView, { version: restored });
              await client.invalidateQueries();
            }}
          >
            <Text>
              The server creates a new version that equals version {restored}, and rolls it out to all devices of the
              groups.
            </Text>
            {restored !== null && may('policies.rehearse') && (
              <RehearsalResult id={policy.id} change={{ version: restored }} />
            )}
          </Confirm>
        </>
      )}
    </QueryResult>
  );
}

function Content({ version: { document } }: { readonly version: PolicyVersionView }) {
  const { graceHours, actions } = document.compliance;
  return (
    <Stack>
      <Rows
        head={['Setting', 'Value']}
        rows={Object.entries(document.settings).map(([id, value]) => [settingTitle(id), valueText(id, value)])}
      />
      <Text size="sm">Grace period: {graceHours} hours.</Text>
      {actions.length === 0 ? (
        <Text size="sm">No action follows if a device does not comply.</Text>
      ) : (
        <Rows
          head={['Action', 'Hours after the first failed check']}
          rows={actions.map(({ action, afterHours }) => [ACTION_NAMES[action], String(afterHours)])}
        />
      )}
    </Stack>
  );
}

const ruleTitle = (rule: RuleDifference['rule']): string =>
  rule === 'grace-period' ? 'Grace period' : `If not compliant: ${ACTION_NAMES[rule].toLowerCase()}`;

const hoursText = (hours: number | null): string =>
  hours === null ? 'No action' : hours === 0 ? 'At once' : `After ${hours} ${hours === 1 ? 'hour' : 'hours'}`;

function Comparison({ id, from, to }: { readonly id: string; readonly from: number; readonly to: number }) {
  const compared = useQuery(
    topicQuery(['policies'], `/policies/${encodeURIComponent(id)}/comparison?from=${from}&to=${to}`, policyComparison),
  );
  return (
    <QueryResult query={compared}>
      {({ differences, from: before, to: after }) => {
        const rules = compareRules(before.document.compliance, after.document.compliance);
        if (differences.length + rules.length === 0) {
          return <Text>Both versions have the same settings and the same actions.</Text>;
        }
        return (
          <Rows
            head={['Setting', `Version ${from}`, `Version ${to}`]}
            rows={[
              ...differences.map((each) => [
                settingTitle(each.setting),
                ...differenceTexts(each).map((text) => text ?? 'Not managed'),
              ]),
              ...rules.map((each) => [ruleTitle(each.rule), hoursText(each.from), hoursText(each.to)]),
            ]}
          />
        );
      }}
    </QueryResult>
  );
}

function Rows({ head, rows }: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }) {
  return (
    <Table.ScrollContainer minWidth={320} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            {head.map((title) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(([title = '', ...cells]) => (
            <Table.Tr key={title}>
              <Table.Td>{title}</Table.Td>
              {cells.map((cell, index) => (
                <Table.Td key={head[index + 1]} style={{ overflowWrap: 'anywhere' }}>
                  {cell}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
