import { Alert, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { scriptSettings } from '../../../shared/api/scripts.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { scriptsQuery, settingsQuery } from './queries.ts';
import { VersionState } from './version-state.tsx';

export function ScriptsPage() {
  const may = useMay();
  const scripts = useQuery(scriptsQuery);
  const create = may('scripts.create') && <ButtonLink to="/scripts/new">Create script</ButtonLink>;
  return (
    <Page
      title="Scripts"
      lead={
        <Text c="dimmed" maw={760}>
          A script runs on devices as the user of the agent. An approver other than its author reviews and signs each
          version. Devices check the signature, and their users see which scripts ran.
        </Text>
      }
      actions={create}
    >
      <Stack>
        <Switch />
        <QueryResult query={scripts}>
          {({ scripts: all }) =>
            all.length === 0 ? (
              <Empty title="No scripts" action={create}>
                Create a script. When an approver has reviewed its first version, you can run it on a group.
              </Empty>
            ) : (
              <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
                {all.map(({ id, name, purpose, newestVersion, state }) => (
                  <Paper key={id} component="li" withBorder p="md" style={{ overflowWrap: 'anywhere' }}>
                    <Group gap="xs">
                      <PageLink to="/scripts/$id" params={{ id }} fw={600}>
                        <UserText>{name}</UserText>
                      </PageLink>
                      <VersionState state={state} />
                    </Group>
                    <Text size="sm">
                      <UserText>{purpose}</UserText>
                    </Text>
                    <Text size="sm" c="dimmed">
                      Newest version: {newestVersion}
                    </Text>
                  </Paper>
                ))}
              </Stack>
            )
          }
        </QueryResult>
      </Stack>
    </Page>
  );
}

/** Switch of the organization. Scripts are off until an owner turns them on. */
function Switch() {
  const may = useMay();
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const settings = useQuery(settingsQuery).data;
  if (!settings) return null;
  const { on } = settings;
  const verb = on ? 'Switch scripts off' : 'Switch scripts on';
  return (
    <Alert color={on ? 'green' : 'gray'} title={on ? 'Scripts are on' : 'Scripts are off'}>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          {on
            ? 'Admins with the right to run scripts can run reviewed versions.'
            : 'No device gets a script. You can write and review scripts in the meantime.'}
          {!may('scripts.switch') && ' An owner can change this.'}
        </Text>
        {may('scripts.switch') && (
          <Button size="xs" variant="default" onClick={open}>
            {verb}…
          </Button>
        )}
      </Stack>
      <Confirm
        title={verb}
        opened={opened}
        close={close}
        verb={verb}
        act={async () => {
          await call('POST', '/script-settings', scriptSettings, { on: !on });
          await client.invalidateQueries({ queryKey: settingsQuery.queryKey });
        }}
      >
        <Text size="sm">
          {on
            ? 'The server sends no more scripts. A script that already runs on a device continues. The public ledger records the change.'
            : 'Admins can then run reviewed scripts on devices, except on devices whose own configuration refuses scripts. The public ledger records the change.'}
        </Text>
      </Confirm>
    </Alert>
  );
}
