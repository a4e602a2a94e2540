/** Which address is in which country: whose data, how old, and how to bring one's own without a restart. */
import { Alert, Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import {
  ipComparisonView,
  ipDatabaseList,
  ipDatabaseView,
  LARGEST_IP_DATABASE,
} from '../../../shared/api/ip-databases.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
import { Refusal } from '../../../shared/look/refusal.ts';
import { Answer, Failure } from '../../../shared/look/states.tsx';
import { dateTime, duration } from '../../../shared/look/time-words.ts';
import { call, upload, withQuery } from '../client/call.ts';
import { question } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { ChooseFile } from '../parts/choose-file.tsx';
import { Moment } from '../parts/words.tsx';
import { IpComparison } from './ip-comparison.tsx';
import { TakeDialog, Uses } from './taken-in-turn.tsx';

type Database = z.output<typeof ipDatabaseView>;
type View = z.output<typeof ipDatabaseList>;
const databasesQuery = question([], '/ip-databases', ipDatabaseList);
/** Asked anew each time it is looked at: the fleet moves. */
const comparisonQuestion = (hash: string) => ({
  ...question(['orders'], `/ip-databases/${hash}/comparison`, ipComparisonView),
  gcTime: 0,
});
const bytesWords = (size: number) => `${(size / 2 ** 20).toFixed(1)} MB`;

/** Addresses move between countries at a few percent a year. */
const OLD = 120 * 86_400_000;

export function IpDatabases() {
  const databases = useQuery({
    ...databasesQuery,
    refetchInterval: ({ state: { data } }) => (data !== undefined && data.relocating !== null ? 1_000 : false),
  });
  const may = useMay();
  const client = useQueryClient();
  const [taking, setTaking] = useState<Database | null>(null);
  const [back, setBack] = useState(false);
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
        {(view) => (
          <>
            <Stack gap="xs">
              {view.databases.map((database) => (
                <One
                  key={database.hash}
                  database={database}
                  people={view.people}
                  look={may('ip-databases.compare') ? () => setTaking(database) : null}
                />
              ))}
            </Stack>
            <Text size="sm" role="status">
              {view.relocating !== null && view.relocating.of > 0 && relocatingWords(view.relocating)}
            </Text>
            <Uses
              title="Which was in use"
              people={view.people}
              uses={view.uses.map(({ hash, at, by }) => ({
                ...{ key: hash, at, by },
                what: <Given>{nameOf(view, hash)}</Given>,
              }))}
              back={
                may('ip-databases.rollback') && before(view)
                  ? { label: 'Go back to the one before…', ask: () => setBack(true) }
                  : null
              }
            />
            <Confirm
              title="Go back to the one before?"
              opened={back}
              close={() => setBack(false)}
              verb="Go back"
              act={async () => {
                await call('POST', '/ip-databases/rollback', ipDatabaseView);
                await client.invalidateQueries({ queryKey: databasesQuery.queryKey });
              }}
            >
              <Text>
                From now on addresses are looked up in <Given>{nameOf(view, before(view)?.hash)}</Given> again. Devices
                that are connected are judged by it at once, the others when they next connect. The change stands in the
                ledger.
              </Text>
            </Confirm>
          </>
        )}
      </Answer>
      {may('ip-databases.import') && (
        <Group>
          <ChooseFile
            what="An .mmdb file"
            accept=".mmdb"
            choose={(file) => imported.mutate(file)}
            loading={imported.isPending}
          >
            Import a database
          </ChooseFile>
        </Group>
      )}
      <div aria-live="polite">
        {imported.isError && <Failure error={imported.error} />}
        {imported.data && (
          <Alert color="green" title="Imported">
            <Given>{imported.data.name}</Given> was built <Moment at={imported.data.builtAt} />. It is used once you
            choose it: see first what it would do.
          </Alert>
        )}
      </div>
      {taking && <Taking key={taking.hash} database={taking} close={() => setTaking(null)} />}
    </Stack>
  );
}

/** What it would do, and then whether to take it. */
function Taking({ database, close }: { readonly database: Database; readonly close: () => void }) {
  const client = useQueryClient();
  const may = useMay();
  const query = useQuery(comparisonQuestion(database.hash));
  const take = async () => {
    await call('POST', `/ip-databases/${database.hash}/activate`, ipDatabaseView);
    await client.invalidateQueries({ queryKey: databasesQuery.queryKey });
  };
  const words =
    'When it is used, addresses are looked up in it from then on, those of connected devices at once. The change stands in the ledger, and you can go back at any time.';
  return (
    <TakeDialog
      title="What this database would do"
      query={query}
      shown={(comparison) => <IpComparison comparison={comparison} />}
      taking={may('ip-databases.activate') ? { verb: 'Use it', words, take } : null}
      close={close}
    />
  );
}

const relocatingWords = ({ done, of }: NonNullable<View['relocating']>) =>
  `Devices that are connected are located anew: ${done.toLocaleString('en')} of ${of.toLocaleString('en')}.`;

const nameOf = ({ databases }: View, hash: string | undefined): string =>
  databases.find((one) => one.hash === hash)?.name ?? '';

/** What was in use before the present one was taken first. */
function before({ uses }: View): View['uses'][number] | undefined {
  const [present] = uses;
  return uses[uses.findLastIndex(({ hash }) => hash === present?.hash) + 1];
}

async function importFile(file: File): Promise<Database> {
  if (file.size > LARGEST_IP_DATABASE) {
    throw new Refusal('too_large', `This file has ${Math.round(file.size / 2 ** 20)} MB; 256 MB is the most.`, 0);
  }
  // The server takes plain file names only.
  const name = file.name.replaceAll(/[^A-Za-z0-9._ -]/g, '_').slice(0, 120);
  return upload(withQuery('/ip-databases', { name }), ipDatabaseView, file);
}

function One({
  database,
  people,
  look,
}: {
  readonly database: Database;
  readonly people: View['people'];
  readonly look: (() => void) | null;
}) {
  const now = useServerNow(60_000);
  const { name, builtAt, importedAt, importedBy, size, active, hash } = database;
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
            Built {dateTime(builtAt)}, here since {dateTime(importedAt)}
            {importedBy !== null && (
              <>
                {' '}
                by <Given>{people[importedBy] ?? importedBy}</Given>
              </>
            )}{' '}
            · {bytesWords(size)} · SHA-256 {hash.slice(0, 12)}…
          </Text>
        </div>
        {!active && look && (
          <Button size="xs" variant="default" onClick={look} aria-label={`Compare ${name}`}>
            Compare
          </Button>
        )}
      </Group>
    </Paper>
  );
}
