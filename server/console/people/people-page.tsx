import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { Accounts } from './accounts.tsx';
import { Approvers } from './approvers.tsx';
import { Groups } from './groups.tsx';
import { PeopleList } from './people-list.tsx';
import { Access } from './sessions.tsx';

const route = getRouteApi('/people');

const TABS = [
  { value: 'accounts', label: 'Accounts', right: 'accounts.list', content: Accounts },
  { value: 'approvers', label: 'Approvers', right: 'approvers.show', content: Approvers },
  { value: 'people', label: 'People', right: 'people.list', content: PeopleList },
  { value: 'access', label: 'Sessions and tokens', right: 'access.list', content: Access },
  { value: 'groups', label: 'Groups', right: 'groups.list', content: Groups },
] as const;
type Tab = (typeof TABS)[number]['value'];

export function PeoplePage() {
  const may = useMay();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const shown = TABS.filter(({ right }) => may(right));
  const chosen = shown.find(({ value }) => value === tab)?.value ?? shown[0]?.value ?? 'approvers';
  return (
    <Page
      title="People & access"
      actions={
        may('roles.list') && (
          <ButtonLink to="/roles" variant="default">
            Roles
          </ButtonLink>
        )
      }
    >
      <Tabs value={chosen} onChange={(value) => void navigate({ search: { tab: value as Tab } })} keepMounted={false}>
        <Tabs.List mb="lg">
          {shown.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {shown.map(({ value, content: Content }) => (
          <Tabs.Panel key={value} value={value}>
            <Content />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
