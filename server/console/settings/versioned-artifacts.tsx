/**
 * Section for one kind of versioned artifact, such as IP databases or territory policies. It has buttons for import, impact preview,
 * activation and rollback.
 */
import { Alert, Badge, Button, Group, List, Modal, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { z } from 'zod';
import { previousKey } from '../../../shared/api/versioned-artifact.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { UploadButton } from '../parts/upload-button.tsx';

const SHOWN = 10;

type Key = string | number;
type People = Readonly<Record<string, string>>;

interface Activation {
  readonly key: Key;
  readonly at: number;
  readonly by: string | null;
}

interface Imported {
  readonly active: boolean;
  readonly hash: string | null;
  readonly importedAt: number | null;
  readonly importedBy: string | null;
}

export interface ArtifactKind<Artifact extends z.ZodType<Imported>, Comparison extends z.ZodType> {
  readonly noun: 'database' | 'policy';
  readonly route: 'ip-databases' | 'territory-policies';
  readonly listKey: readonly string[];
  readonly artifact: Artifact;
  readonly comparison: Comparison;
  readonly file: { readonly label: string; readonly accept: string };
  readonly importFile: (file: File) => Promise<z.output<Artifact>>;
  readonly keyOf: (artifact: z.output<Artifact>) => Key;
  readonly nameOf: (artifact: z.output<Artifact>) => string;
  readonly preview: ImpactPreview<z.output<Artifact>, z.output<Comparison>>;
  readonly rollbackTitle: string;
  readonly rollbackEffect: (name: ReactNode) => ReactNode;
  readonly importEffect: (artifact: z.output<Artifact>) => ReactNode;
}

interface ImpactPreview<Artifact, Comparison> {
  readonly verb: (artifact: Artifact) => string | null;
  readonly label: (artifact: Artifact, verb: string) => string;
  readonly title: (artifact: Artifact) => string;
  readonly content: (comparison: Comparison) => ReactNode;
  readonly activationEffect: string;
}

interface Details {
  readonly badge?: ReactNode;
  /** First part of the line about an IP database or territory policy, such as the build time of the database. The import time follows. */
  readonly before: string;
  /** Text at the end of the line about an imported IP database or territory policy, such as the size of the database. */
  readonly after?: string;
}

export function VersionedArtifacts<Artifact extends z.ZodType<Imported>, Comparison extends z.ZodType>({
  kind,
  artifacts,
  activations,
  firstKey,
  people,
  details,
  activationName,
  status,
  extraButton,
}: {
  readonly kind: ArtifactKind<Artifact, Comparison>;
  readonly artifacts: readonly z.output<Artifact>[];
  readonly activations: readonly Activation[];
  /** Key of the version that is built into Cordon and was active before the first activation. Absent if there is none. */
  readonly firstKey?: Key;
  readonly people: People;
  readonly details: (artifact: z.output<Artifact>) => Details;
  readonly activationName: (key: Key, name: ReactNode) => ReactNode;
  readonly status?: ReactNode;
  readonly extraButton?: ReactNode;
}) {
  const { noun, route } = kind;
  const may = useMay();
  const client = useQueryClient();
  const [previewed, setPreviewed] = useState<z.output<Artifact> | null>(null);
  const [rollback, setRollback] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: kind.listKey });
  const imported = useMutation({ mutationFn: kind.importFile, onSuccess: refresh });
  const nameOf = (key: Key | undefined) => {
    const found = artifacts.find((artifact) => kind.keyOf(artifact) === key);
    return <UserText>{found === undefined ? '' : kind.nameOf(found)}</UserText>;
  };
  const previous = previousKey([...activations.map(({ key }) => key), ...(firstKey === undefined ? [] : [firstKey])]);
  return (
    <>
      <Stack gap="xs">
        {artifacts.map((artifact) => (
          <Card
            key={kind.keyOf(artifact)}
            kind={kind}
            artifact={artifact}
            people={people}
            details={details(artifact)}
            preview={may(`${route}.compare`) ? () => setPreviewed(artifact) : null}
          />
        ))}
      </Stack>
      {status}
      {activations.length > 0 && (
        <History
          uses={activations.map((use) => ({ ...use, name: activationName(use.key, nameOf(use.key)) }))}
          people={people}
          button={
            may(`${route}.rollback`) &&
            previous !== undefined && (
              <Button size="xs" variant="default" onClick={() => setRollback(true)}>
                Roll back {noun}…
              </Button>
            )
          }
        />
      )}
      {may(`${route}.import`) && (
        <Group>
          <UploadButton {...kind.file} choose={(file) => imported.mutate(file)} loading={imported.isPending}>
            Import {noun}
          </UploadButton>
          {extraButton}
        </Group>
      )}
      <Confirm
        title={kind.rollbackTitle}
        opened={rollback}
        close={() => setRollback(false)}
        verb={`Roll back ${noun}`}
        act={async () => {
          await call('POST', `/${route}/rollback`, kind.artifact);
          await refresh();
        }}
      >
        <Text>{kind.rollbackEffect(nameOf(previous))}</Text>
      </Confirm>
      <ImportResult noun={noun} error={imported.error}>
        {imported.data && kind.importEffect(imported.data)}
      </ImportResult>
      {previewed && (
        <Preview
          key={kind.keyOf(previewed)}
          kind={kind}
          artifact={previewed}
          refresh={refresh}
          close={() => setPreviewed(null)}
        />
      )}
    </>
  );
}

function ImportResult({
  noun,
  error,
  children,
}: {
  readonly noun: 'database' | 'policy';
  readonly error: unknown;
  /** Text about the imported IP database or territory policy; undefined before the import. */
  readonly children: ReactNode;
}) {
  return (
    <div aria-live="polite">
      {error !== null && <Failure error={error} />}
      {children !== undefined && (
        <Alert color="green" title={`${noun === 'policy' ? 'Policy' : 'Database'} imported`}>
          {children}
        </Alert>
      )}
    </div>
  );
}

function Card<Artifact extends z.ZodType<Imported>, Comparison extends z.ZodType>({
  kind,
  artifact,
  people,
  details,
  preview,
}: {
  readonly kind: ArtifactKind<Artifact, Comparison>;
  readonly artifact: z.output<Artifact>;
  readonly people: People;
  readonly details: Details;
  readonly preview: (() => void) | null;
}) {
  const { active, hash, importedAt, importedBy } = artifact;
  const verb = kind.preview.verb(artifact);
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" gap="sm">
        <div>
          <Group gap="xs">
            <Text fw={600}>
              <UserText>{kind.nameOf(artifact)}</UserText>
            </Text>
            {active && <Badge color="green">Active</Badge>}
            {details.badge}
          </Group>
          <Text size="sm" c="dimmed">
            {details.before}
            {importedAt !== null && `, imported ${dateTime(importedAt)}`}
            {importedBy !== null && (
              <>
                {' '}
                by <UserText>{people[importedBy] ?? importedBy}</UserText>
              </>
            )}
            {details.after}
            {hash !== null && ` · SHA-256 ${hash.slice(0, 12)}…`}
          </Text>
        </div>
        {preview && verb !== null && (
          <Button size="xs" variant="default" onClick={preview} aria-label={kind.preview.label(artifact, verb)}>
            {verb}
          </Button>
        )}
      </Group>
    </Paper>
  );
}

function History({
  uses,
  people,
  button,
}: {
  readonly uses: readonly (Activation & { readonly name: ReactNode })[];
  readonly people: People;
  readonly button: ReactNode;
}) {
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="sm">
        <Title order={3} size="h6">
          Activation history
        </Title>
        {button}
      </Group>
      <List size="sm" spacing={2}>
        {uses.slice(0, SHOWN).map(({ key, at, by, name }) => (
          <List.Item key={`${at} ${key}`}>
            From {dateTime(at)}: {name}, activated by{' '}
            {by === null ? 'the server' : <UserText>{people[by] ?? by}</UserText>}
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}

function Preview<Artifact extends z.ZodType<Imported>, Comparison extends z.ZodType>({
  kind,
  artifact,
  refresh,
  close,
}: {
  readonly kind: ArtifactKind<Artifact, Comparison>;
  readonly artifact: z.output<Artifact>;
  readonly refresh: () => Promise<unknown>;
  readonly close: () => void;
}) {
  const path = `/${kind.route}/${kind.keyOf(artifact)}`;
  const activatable = useMay()(`${kind.route}.activate`) && !artifact.active;
  // Do not cache the comparison, because the locations of devices change.
  const query = useQuery({ ...topicQuery(['orders'], `${path}/comparison`, kind.comparison), gcTime: 0 });
  const activation = useMutation({
    mutationFn: async () => {
      await call('POST', `${path}/activate`, kind.artifact);
      await refresh();
    },
    onSuccess: close,
  });
  return (
    <Modal opened onClose={close} title={kind.preview.title(artifact)} size="lg">
      <Stack>
        <QueryResult query={query} lines={5}>
          {kind.preview.content}
        </QueryResult>
        {activatable && (
          <Text size="sm" c="dimmed">
            {kind.preview.activationEffect}
          </Text>
        )}
        {activation.isError && <Failure error={activation.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {activatable ? 'Cancel' : 'Close'}
          </Button>
          {activatable && (
            <Button loading={activation.isPending} disabled={!query.isSuccess} onClick={() => activation.mutate()}>
              Activate {kind.noun}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
