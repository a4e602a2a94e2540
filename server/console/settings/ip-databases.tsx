import { Badge, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import {
  ipComparisonView,
  ipDatabaseList,
  ipDatabaseView,
  LARGEST_IP_DATABASE,
} from '../../../shared/api/ip-databases.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { dateTime, duration } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { upload, withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { Moment } from '../parts/words.tsx';
import { IpComparison } from './ip-comparison.tsx';
import { type ArtifactKind, VersionedArtifacts } from './versioned-artifacts.tsx';

type Database = z.output<typeof ipDatabaseView>;
type View = z.output<typeof ipDatabaseList>;
const databasesQuery = topicQuery([], '/ip-databases', ipDatabaseList);
const megabytes = (size: number) => `${(size / 2 ** 20).toFixed(1)} MB`;

/** Age in milliseconds after which an IP database counts as old. A few percent of all addresses move to another country each year. */
const OLD = 120 * 86_400_000;

const KIND: ArtifactKind<typeof ipDatabaseView, typeof ipComparisonView> = {
  noun: 'database',
  route: 'ip-databases',
  listKey: databasesQuery.queryKey,
  artifact: ipDatabaseView,
  comparison: ipComparisonView,
  file: { label: '.mmdb file', accept: '.mmdb' },
  importFile,
  keyOf: ({ hash }) => hash,
  nameOf: ({ name }) => name,
  preview: {
    verb: ({ active }) => (active ? null : 'Compare with active database'),
    label: ({ name }, verb) => `${verb}: ${name}`,
    title: () => 'Impact preview of this database',
    content: (comparison) => <IpComparison comparison={comparison} />,
    activationEffect:
      'After activation, the server locates IP addresses with this database. It locates the addresses of connected devices at once. The ledger records the change. You can roll back at any time.',
  },
  rollbackTitle: 'Roll back IP database',
  rollbackEffect: (name) => (
    <>
      The server locates IP addresses with {name} again. The change applies to connected devices at once, and to other
      devices when they connect. The ledger records the change.
    </>
  ),
  importEffect: ({ name, builtAt }) => (
    <>
      <UserText>{name}</UserText> was built <Moment at={builtAt} />. It is not active yet. Compare it with the active
      database, then activate it.
    </>
  ),
};

export function IpDatabases() {
  const databases = useQuery({
    ...databasesQuery,
    refetchInterval: ({ state: { data } }) => (data !== undefined && data.relocation !== null ? 1_000 : false),
  });
  const now = useServerNow(60_000);
  return (
    <Stack gap="sm">
      <Text c="dimmed" maw={760}>
        If a device has no other evidence, its IP address determines its location. You can import any database in
        MaxMind's format (.mmdb), for example from MaxMind, DB-IP or IPinfo.
      </Text>
      <QueryResult query={databases}>
        {(view) => (
          <VersionedArtifacts
            kind={KIND}
            artifacts={view.databases}
            activations={view.activations.map(({ hash: key, ...use }) => ({ key, ...use }))}
            people={view.people}
            details={({ builtAt, size }) => ({
              badge: now - builtAt > OLD && <Badge color="yellow">Built {duration(now - builtAt)} ago</Badge>,
              before: `Built ${dateTime(builtAt)}`,
              after: ` · ${megabytes(size)}`,
            })}
            activationName={(_, name) => name}
            status={
              <Text size="sm" role="status">
                {view.relocation !== null && view.relocation.of > 0 && relocationWords(view.relocation)}
              </Text>
            }
          />
        )}
      </QueryResult>
    </Stack>
  );
}

const relocationWords = ({ done, of }: NonNullable<View['relocation']>) =>
  `Updating locations of connected devices: ${done.toLocaleString('en')} of ${of.toLocaleString('en')}.`;

async function importFile(file: File): Promise<Database> {
  if (file.size > LARGEST_IP_DATABASE) {
    throw new ApiError(
      'too_large',
      `The file has ${Math.round(file.size / 2 ** 20)} MB, but the limit is 256 MB. Choose a smaller database.`,
      0,
    );
  }
  // Replace special characters, because the server accepts only plain file names.
  const name = file.name.replaceAll(/[^A-Za-z0-9._ -]/g, '_').slice(0, 120);
  return upload(withQuery('/ip-databases', { name }), ipDatabaseView, file);
}
