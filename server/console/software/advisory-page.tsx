import { Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { z } from 'zod';
import type { advisoryDetail } from '../../../shared/api/software.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useMay } from '../client/session.tsx';
import { useCursorPages } from '../parts/cursor-pages.tsx';
import { type Fact, Facts } from '../parts/facts.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { FoundDevices } from './found-devices.tsx';
import { advisoryCsvPath, advisoryDevicesQuery, advisoryQuery, everyAdvisoryDevice } from './queries.ts';
import { SaveCsv } from './save-csv.tsx';
import { UpdateFound } from './update-found.tsx';

const route = getRouteApi('/software/advisories/$id');
type Advisory = z.output<typeof advisoryDetail>;

const toAdvisories = (
  <ButtonLink to="/software" search={{ tab: 'advisories' }} variant="default">
    All advisories
  </ButtonLink>
);

export function AdvisoryPage() {
  const { id } = route.useParams();
  const may = useMay();
  const query = useQuery(advisoryQuery(id));
  if (query.error instanceof ApiError && query.error.code === 'not_found') {
    return (
      <Page title="Advisory">
        <Empty title="Advisory not found" action={toAdvisories}>
          The advisory was not imported, or its publisher withdrew it. Import a newer file.
        </Empty>
      </Page>
    );
  }
  return (
    <Page title={id} actions={toAdvisories}>
      <QueryResult query={query}>
        {(advisory) => (
          <Stack gap="xl">
            <Section title="Advisory">
              <Facts facts={factsOf(advisory)} />
              {advisory.details !== '' && (
                <Text size="sm" maw={760} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                  <UserText>{advisory.details}</UserText>
                </Text>
              )}
            </Section>
            <Section
              title="Affected devices"
              actions={
                <>
                  <UpdateFound
                    label={`Affected by ${id}`}
                    sources={advisory.packages.map(({ source }) => source)}
                    packages={null}
                    load={() => everyAdvisoryDevice(id)}
                  />
                  {may('advisories.devices-csv') && (
                    <SaveCsv path={advisoryCsvPath(id)} label="Download CSV of the affected devices" />
                  )}
                </>
              }
            >
              <Devices id={id} />
            </Section>
          </Stack>
        )}
      </QueryResult>
    </Page>
  );
}

function Devices({ id }: { readonly id: string }) {
  const pages = useCursorPages<number>();
  const query = useQuery({ ...advisoryDevicesQuery(id, pages.cursor), placeholderData: keepPreviousData });
  return (
    <QueryResult query={query}>{(found) => <FoundDevices found={found} pages={pages} column="Packages" />}</QueryResult>
  );
}

function factsOf({ summary, aliases, severity, publishedAt, modifiedAt, packages }: Advisory): Fact[] {
  return [
    { label: 'Summary', value: <UserText>{summary}</UserText> },
    { label: 'Aliases', value: aliases.length === 0 ? 'None' : <UserText>{aliases.join(', ')}</UserText> },
    { label: 'Severity', value: severity === null ? 'Not specified' : <UserText>{severity}</UserText> },
    { label: 'Published', value: publishedAt === null ? 'Not specified' : dateTime(publishedAt) },
    { label: 'Modified', value: dateTime(modifiedAt) },
    {
      label: 'Packages',
      value: packages.map((one, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes, and an advisory may name a package twice
        <div key={index}>
          <UserText>{`${one.name} (${one.release ?? one.source})${fixedIn(one)}`}</UserText>
        </div>
      )),
    },
  ];
}

function fixedIn({ ranges }: Advisory['packages'][number]): string {
  const fixed = ranges.events.flat().flatMap(({ kind, version }) => (kind === 'fixed' ? [version] : []));
  return fixed.length === 0 ? ', no fixed version' : `, fixed in ${fixed.join(', ')}`;
}
