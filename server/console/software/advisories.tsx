import { Alert, Badge, Group, Paper, Stack, Text } from '@mantine/core';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { z } from 'zod';
import { advisoryImport, LARGEST_ADVISORY_FILE, type listedAdvisory } from '../../../shared/api/software.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { upload } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { PageLink } from '../parts/links.tsx';
import { UploadButton } from '../parts/upload-button.tsx';
import { Moment } from '../parts/words.tsx';
import { advisoriesQuery } from './queries.ts';
import { SearchField } from './search-field.tsx';

const route = getRouteApi('/software');

function importFile(file: File) {
  if (file.size <= LARGEST_ADVISORY_FILE) return upload('/advisories', advisoryImport, file);
  const most = LARGEST_ADVISORY_FILE / 2 ** 20;
  throw new ApiError('too_large', `The file has more than ${most} MB. Split it into several files and import each.`, 0);
}

export function Advisories() {
  const may = useMay();
  const client = useQueryClient();
  const { text } = route.useSearch();
  const navigate = route.useNavigate();
  const importing = useMutation({
    mutationFn: async (file: File) => importFile(file),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <Stack>
      <Group gap="sm" align="flex-end">
        <SearchField
          key={text}
          label="Search advisories"
          placeholder="Id, alias, summary or package"
          text={text}
          search={(next) => void navigate({ search: (before) => ({ ...before, text: next }) })}
        />
        {may('advisories.import') && (
          <UploadButton
            label="Advisories in the OSV format (JSON)"
            accept=".json"
            loading={importing.isPending}
            choose={(file) => importing.mutate(file)}
          >
            Import advisories…
          </UploadButton>
        )}
      </Group>
      <div role="status">{importing.data && <Result result={importing.data} />}</div>
      {importing.isError && <Failure error={importing.error} />}
      <List key={text} text={text} />
    </Stack>
  );
}

const Result = ({ result }: { readonly result: z.output<typeof advisoryImport> }) => (
  <Alert color="green" title="Advisories imported">
    Read: {result.read.toLocaleString('en')}. New or changed: {result.changed.toLocaleString('en')}. Withdrawn:{' '}
    {result.withdrawn.toLocaleString('en')}. Skipped packages of distributions that no device reports:{' '}
    {result.skippedPackages.toLocaleString('en')}.
  </Alert>
);

function List({ text }: { readonly text: string | undefined }) {
  const pages = useCursorPages<string>();
  const query = useQuery({ ...advisoriesQuery(text, pages.cursor), placeholderData: keepPreviousData });
  return (
    <QueryResult query={query}>
      {({ advisories, cursor }) =>
        advisories.length === 0 && pages.page === 1 ? (
          <Nothing filtered={text !== undefined} />
        ) : (
          <Stack>
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Advisories">
              {advisories.map((advisory) => (
                <Entry key={advisory.id} advisory={advisory} />
              ))}
            </Stack>
            <CursorPager pages={pages} next={cursor} />
          </Stack>
        )
      }
    </QueryResult>
  );
}

function Entry({
  advisory: { id, summary, aliases, modifiedAt, devices },
}: {
  readonly advisory: z.output<typeof listedAdvisory>;
}) {
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={2} style={{ minWidth: 0, flex: '1 1 18rem', overflowWrap: 'anywhere' }}>
          <PageLink to="/software/advisories/$id" params={{ id }} fw={600}>
            <UserText>{id}</UserText>
          </PageLink>
          <Text size="sm">
            <UserText>{summary}</UserText>
          </Text>
          <Text size="sm" c="dimmed">
            {aliases.length > 0 && (
              <>
                <UserText>{aliases.slice(0, 5).join(', ')}</UserText>
                {' · '}
              </>
            )}
            Modified <Moment at={modifiedAt} />
          </Text>
        </Stack>
        <Badge color={devices > 0 ? 'red' : 'gray'} variant="light">
          {devices.toLocaleString('en')} {devices === 1 ? 'device' : 'devices'} affected
        </Badge>
      </Group>
    </Paper>
  );
}

const Nothing = ({ filtered }: { readonly filtered: boolean }) =>
  filtered ? (
    <Empty title="No matching advisories">Search for another id, alias or package name.</Empty>
  ) : (
    <Empty title="No advisories imported">
      Import a file in the OSV format, for example an export of osv.dev for your distribution. The server then marks
      devices with affected versions. The server loads nothing from the network itself.
    </Empty>
  );
