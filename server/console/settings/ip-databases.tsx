/** Which address is in which country: whose data, how old, and how to bring one's own without a restart. */
import { Alert, Badge, Button, FileButton, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { ipDatabaseList, ipDatabaseView, LARGEST_IP_DATABASE } from '../../../shared/api/ip-databases.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
import { Refusal } from '../../../shared/look/refusal.ts';
import { Answer, Failure } from '../../../shared/look/states.tsx';
import { dateTime, duration } from '../../../shared/look/time-words.ts';
import { call, upload, withQuery } from '../client/call.ts';
import { question } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { Moment } from '../parts/words.tsx';

type Database = z.output<typeof ipDatabaseView>;
const databasesQuery = question([], '/ip-databases', ipDatabaseList);

/** Addresses move between countries at a few percent a year. */
const OLD = 120 * 86_400_000;

export function IpDatabases() {
  const databases = useQuery(databasesQuery);
  const may = useMay();
  const client = useQueryClient();
  const [taking, setTaking] = useState<Database | null>(null);
  const imported = useMutation({
    mutationFn: importFile,
    onSuccess: () => client.invalidateQueries({ queryKey: databasesQuery.queryKey }),
  });
  return (
    <Stack gap="sm">
      <Text c="dimmed" maw={760}>
        A device that says nothing else is taken to be where its address is. Any database in MaxMind's format (.mmdb)
        will do: MaxMind, DB-IP, IPinfo.
      </Text>
      <Answer query={databases}>
        {({ databases: all }) => (
          <Stack gap="xs">
            {all.map((database) => (
              <One
                key={database.hash}
                database={database}
                {...(may('ip-databases.activate') && { take: () => setTaking(database) })}
              />
            ))}
          </Stack>
        )}
      </Answer>
      {may('ip-databases.import') && (
        <Group>
          <FileButton
            accept=".mmdb"
            onChange={(file) => file && imported.mutate(file)}
            inputProps={{ 'aria-label': 'An .mmdb file' }}
          >
            {(props) => (
              <Button variant="default" loading={imported.isPending} {...props}>
                Import a database
              </Button>
            )}
          </FileButton>
        </Group>
      )}
      <div aria-live="polite">
        {imported.isError && <Failure error={imported.error} />}
        {imported.data && (
          <Alert color="green" title="Imported">
            <Given>{imported.data.name}</Given> was built <Moment at={imported.data.builtAt} />. It is used once you
            choose it.
          </Alert>
        )}
      </div>
      <Confirm
        title="Use this database?"
        opened={taking !== null}
        close={() => setTaking(null)}
        verb="Use it"
        act={async () => {
          await call('POST', `/ip-databases/${taking?.hash}/activate`, ipDatabaseView);
          await client.invalidateQueries({ queryKey: databasesQuery.queryKey });
        }}
      >
        <Text>
          From now on addresses are looked up in <Given>{taking?.name ?? ''}</Given>. Devices are judged by it when they
          next connect. The change stands in the ledger, and you can go back at any time.
        </Text>
      </Confirm>
    </Stack>
  );
}

async function importFile(file: File): Promise<Database> {
  if (file.size > LARGEST_IP_DATABASE) {
    throw new Refusal('too_large', `This file has ${Math.round(file.size / 2 ** 20)} MB; 256 MB is the most.`, 0);
  }
  // The server takes plain file names only.
  const name = file.name.replaceAll(/[^A-Za-z0-9._ -]/g, '_').slice(0, 120);
  return upload(withQuery('/ip-databases', { name }), ipDatabaseView, file);
}

function One({ database, take }: { readonly database: Database; readonly take?: () => void }) {
  const now = useServerNow(60_000);
  const { name, builtAt, importedAt, active, hash } = database;
  const age = now - builtAt;
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" gap="sm">
        <div>
          <Group gap="xs">
            <Text fw={600}>
              <Given>{name}</Given>
            </Text>
            {active && <Badge color="green">In use</Badge>}
            {age > OLD && <Badge color="yellow">Built {duration(age)} ago</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            Built {dateTime(builtAt)}, here since {dateTime(importedAt)} · SHA-256 {hash.slice(0, 12)}…
          </Text>
        </div>
        {!active && take && (
          <Button size="xs" variant="default" onClick={take} aria-label={`Use ${name}`}>
            Use
          </Button>
        )}
      </Group>
    </Paper>
  );
}
