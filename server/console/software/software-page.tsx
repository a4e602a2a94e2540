/** Software of the fleet, advisories about it, and the choice of what devices report. */
import { Tabs, Text } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../client/session.tsx';
import { StoredFiles } from '../files/stored-files.tsx';
import { Page } from '../parts/page.tsx';
import { Advisories } from './advisories.tsx';
import { CollectedSections } from './collected-sections.tsx';
import { OwnPackages } from './own-packages.tsx';
import { Titles } from './titles.tsx';

const route = getRouteApi('/software');

const TABS = [
  { value: 'titles', label: 'Titles', right: 'software.list', content: Titles },
  { value: 'advisories', label: 'Advisories', right: 'advisories.list', content: Advisories },
  { value: 'packages', label: 'Own packages', right: 'packages.list', content: OwnPackages },
  { value: 'files', label: 'Files', right: 'files.list', content: StoredFiles },
  { value: 'collection', label: 'What devices report', right: 'inventory-sections.show', content: CollectedSections },
] as const;
type Tab = (typeof TABS)[number]['value'];

export function SoftwarePage() {
  const may = useMay();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const shown = TABS.filter(({ right }) => may(right));
  const chosen = shown.find(({ value }) => value === tab)?.value ?? shown[0]?.value ?? 'titles';
  return (
    <Page title="Software" lead={<Lead />}>
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

const Lead = () => (
  <Text c="dimmed" maw={760}>
    Packages that devices report, with their versions. Numbers count the active devices in your scope.
  </Text>
);
