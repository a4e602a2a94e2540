/** Disclosure desk: requests of authorities, the registry of authorities, refusals, and the transparency report. */
import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../client/session.tsx';
import { Page } from '../parts/page.tsx';
import { Authorities } from './authorities.tsx';
import { Refusals } from './refusals.tsx';
import { Requests } from './requests.tsx';
import { Transparency } from './transparency.tsx';

const route = getRouteApi('/disclosures');

const TABS = [
  { value: 'requests', label: 'Requests', right: 'disclosures.list', content: Requests },
  { value: 'authorities', label: 'Authorities', right: 'authorities.list', content: Authorities },
  { value: 'refusals', label: 'Refusals', right: 'disclosures.refusals', content: Refusals },
  { value: 'transparency', label: 'Transparency', right: 'transparency.statements', content: Transparency },
] as const;
type Tab = (typeof TABS)[number]['value'];

export function DisclosuresPage() {
  const may = useMay();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const shown = TABS.filter(({ right }) => may(right));
  const chosen = shown.find(({ value }) => value === tab)?.value ?? shown[0]?.value ?? 'transparency';
  return (
    <Page
      title="Disclosures"
      lead="Requests of authorities for the records of one account, and everything that the desk refused."
    >
      <Tabs value={chosen} onChange={(value) => void navigate({ search: { tab: value as Tab } })} keepMounted={false}>
        <Tabs.List mb="lg">
          {shown.map(({ value, label }) => (
            // The padding is small on a phone, so that all four tabs fit in one line.
            <Tabs.Tab key={value} value={value} px={{ base: 6, sm: 'md' }}>
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
