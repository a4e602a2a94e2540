import { Alert, Badge, Group, Stack, Text } from '@mantine/core';
import { IconAlertOctagon, IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { Overview, SettingsSection } from '../../../shared/api/overview.ts';
import { useMay } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import classes from './overview-page.module.css';

type Issue = Overview['healthIssues'][number];

const SEVERITIES = {
  critical: { color: 'red', icon: IconAlertOctagon, label: 'Critical' },
  warning: { color: 'yellow', icon: IconAlertTriangle, label: 'Warning' },
  notice: { color: 'gray', icon: IconInfoCircle, label: 'Notice' },
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
  const { color, icon: Icon, label } = SEVERITIES[severity];
  return (
    <Alert color={color} icon={<Icon aria-label={label} />} p="sm" data-issue={code}>
      <Group gap="xs" wrap="nowrap" align="flex-start" justify="space-between">
        <Text size="sm">
          {detail} <IssueLink link={link} />
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

const LINK_STYLE = { c: 'inherit', underline: 'always' } as const;

function IssueLink({ link }: { readonly link: Issue['link'] }) {
  switch (link.page) {
    case 'devices':
      return (
        <PageLink to="/devices" search={link.filter} {...LINK_STYLE}>
          Show devices
        </PageLink>
      );
    case 'alerts':
      return (
        <PageLink to="/alerts" search={{ about: 'all' as const, since: link.since }} {...LINK_STYLE}>
          Show alerts
        </PageLink>
      );
    case 'orders':
      return (
        <PageLink to="/orders" search={{ numbers: link.numbers }} {...LINK_STYLE}>
          Show orders
        </PageLink>
      );
    case 'mail':
      return (
        <PageLink to="/mail" {...LINK_STYLE}>
          Show mail
        </PageLink>
      );
    case 'recovery':
      return (
        <PageLink to="/recovery" {...LINK_STYLE}>
          Show recovery
        </PageLink>
      );
    case 'approvers':
      return (
        <PageLink to="/people" search={{ tab: 'approvers' as const }} {...LINK_STYLE}>
          Show approvers
        </PageLink>
      );
    case 'people':
      return (
        <PageLink to="/people" {...LINK_STYLE}>
          Show accounts
        </PageLink>
      );
    case 'settings':
      return <SettingsLink section={link.section} />;
    case 'ledger':
      return (
        <PageLink to="/ledger" search={{ tab: 'ledger' }} {...LINK_STYLE}>
          Show ledger
        </PageLink>
      );
    case 'transparency':
      return <StatementLink />;
  }
}

const SECTIONS = {
  health: { right: 'health.show', words: 'Show server health' },
  certificates: { right: null, words: 'Show certificates' },
  'ip-databases': { right: 'ip-databases.list', words: 'Show IP databases' },
  'time-corrections': { right: 'time-corrections.list', words: 'Show time corrections' },
  backup: { right: 'backup.create', words: 'Show backup' },
} as const satisfies Record<SettingsSection, { readonly right: string | null; readonly words: string }>;

/** Link to a section of the page *Settings*. The page has the section only for roles with the right. */
function SettingsLink({ section }: { readonly section: SettingsSection }) {
  const may = useMay();
  const { right, words } = SECTIONS[section];
  if (right !== null && !may(right)) return null;
  return (
    <PageLink to="/settings" hash={section} {...LINK_STYLE}>
      {words}
    </PageLink>
  );
}

function StatementLink() {
  const may = useMay();
  if (!may('transparency.statements')) return null;
  return (
    <PageLink to="/disclosures" search={{ tab: 'transparency' as const }} {...LINK_STYLE}>
      Show statement
    </PageLink>
  );
}
