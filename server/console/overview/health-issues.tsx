import { Alert, Badge, Group, Stack, Text } from '@mantine/core';
import { IconAlertOctagon, IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { Overview } from '../../../shared/api/overview.ts';
import { PageLink } from '../parts/links.tsx';
import classes from './overview-page.module.css';

type Issue = Overview['healthIssues'][number];

const SEVERITIES = {
  critical: { color: 'red', icon: IconAlertOctagon, word: 'Critical' },
  warning: { color: 'yellow', icon: IconAlertTriangle, word: 'Warning' },
  notice: { color: 'gray', icon: IconInfoCircle, word: 'Notice' },
} as const;

export function HealthIssues({ issues }: { readonly issues: readonly Issue[] }) {
  if (issues.length === 0)
    return <Text c="dimmed">No health issues. The devices and the server work as expected.</Text>;
  return (
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {issues.map((issue) => (
        <li key={`${issue.code} ${issue.detail}`}>
          <HealthIssue issue={issue} />
        </li>
      ))}
    </Stack>
  );
}

function HealthIssue({ issue: { code, severity, count, detail, link } }: { readonly issue: Issue }) {
  const { color, icon: Icon, word } = SEVERITIES[severity];
  return (
    <Alert color={color} icon={<Icon aria-label={word} />} p="sm" data-issue={code}>
      <Group gap="xs" wrap="nowrap" align="flex-start" justify="space-between">
        <Text size="sm">
          {detail} {link && <IssueLink link={link} />}
        </Text>
        {count !== null && (
          <Badge color={color} variant="outline" className={classes.count}>
            {count.toLocaleString('en')}
          </Badge>
        )}
      </Group>
    </Alert>
  );
}

const LOOK = { c: 'inherit', underline: 'always' } as const;

function IssueLink({ link }: { readonly link: NonNullable<Issue['link']> }) {
  switch (link.page) {
    case 'devices':
      return (
        <PageLink to="/devices" search={link.filter} {...LOOK}>
          Show devices
        </PageLink>
      );
    case 'alerts':
      return (
        <PageLink to="/alerts" search={{ about: 'all' as const, since: link.since }} {...LOOK}>
          Show alerts
        </PageLink>
      );
    case 'orders':
      return (
        <PageLink to="/orders" search={{ numbers: link.numbers }} {...LOOK}>
          Show orders
        </PageLink>
      );
    case 'recovery':
      return (
        <PageLink to="/recovery" {...LOOK}>
          Show recovery
        </PageLink>
      );
    case 'approvers':
      return (
        <PageLink to="/people" search={{ tab: 'approvers' as const }} {...LOOK}>
          Show approvers
        </PageLink>
      );
    case 'settings':
      return (
        <PageLink to="/settings" {...LOOK}>
          Show settings
        </PageLink>
      );
    case 'ledger':
      return (
        <PageLink to="/ledger" {...LOOK}>
          Show ledger
        </PageLink>
      );
  }
}
