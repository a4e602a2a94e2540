import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Page } from '../parts/page.tsx';
import { Channels } from './channels.tsx';
import { Deliveries } from './deliveries.tsx';
import { Rules } from './rules.tsx';

const route = getRouteApi('/notifications');
const TABS = [
  { value: 'rules', label: 'Rules', content: Rules },
  { value: 'channels', label: 'Channels', content: Channels },
  { value: 'deliveries', label: 'Delivery history', content: Deliveries },
] as const;

export function NotificationsPage() {
  const { tab = 'rules' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      title="Notifications"
      lead="Rules watch for events that need attention. Channels send them by mail, to a webhook, to syslog or into a file."
    >
      <Tabs
        value={tab}
        onChange={(value) => void navigate({ search: { tab: TABS.find((each) => each.value === value)?.value } })}
        keepMounted={false}
      >
        <Tabs.List mb="lg">
          {TABS.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map(({ value, content: Content }) => (
          <Tabs.Panel key={value} value={value}>
            <Content />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
