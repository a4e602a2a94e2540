/** Passkeys and recovery codes of the signed-in account. */
import { Alert, Badge, Button, Code, Group, Modal, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type PasskeyView, recoveryCodes } from '../../../shared/api/passkeys.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { createPasskey, worksHere } from '../client/passkeys.ts';
import { passkeysQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { Moment } from '../parts/words.tsx';

export function Passkeys() {
  const query = useQuery(passkeysQuery);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<PasskeyView | null>(null);
  const client = useQueryClient();
  return (
    <QueryResult query={query}>
      {({ passkeys, recoveryCodes: codes, site }) => (
        <Stack gap="sm" align="stretch">
          <Text c="dimmed" maw={760}>
            A passkey signs you in with the fingerprint, face or PIN of a device, or with a security key. Add two on
            different devices, so that you can still sign in after you lose one.
          </Text>
          {site && !worksHere(site) && (
            <Alert color="yellow" maw={760}>
              Passkeys work only at {site.origin}, in a browser that supports them. Open the console there to add one.
            </Alert>
          )}
          {site === null && (
            <Alert color="yellow" maw={760}>
              Passkeys need a host name, but this console has only an IP address. Ask the server's admin to set
              CORDON_ADMIN_URL to a URL with a host name.
            </Alert>
          )}
          <div>
            <Button variant="default" disabled={!worksHere(site)} onClick={() => setAdding(true)}>
              Add passkey
            </Button>
          </div>
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {passkeys.map((passkey) => (
              <PasskeyRow key={passkey.id} passkey={passkey} remove={() => setRemoving(passkey)} />
            ))}
          </Stack>
          <RecoveryCodes unused={codes.unused} createdAt={codes.createdAt} />
          <AddPasskeyDialog opened={adding} close={() => setAdding(false)} />
          <Confirm
            title="Remove passkey"
            opened={removing !== null}
            close={() => setRemoving(null)}
            verb="Remove passkey"
            grave
            act={async () => {
              await call('DELETE', `/passkeys/${removing?.id}`, done);
              await client.invalidateQueries({ queryKey: passkeysQuery.queryKey });
            }}
          >
            <Text>
              {removing?.purpose === 'approval' ? (
                <>
                  You can no longer sign approvals with <UserText>{removing.name}</UserText>. Its approver key stays in
                  the approver set until the approvers sign another set.
                </>
              ) : (
                <>
                  You can no longer sign in with <UserText>{removing?.name ?? ''}</UserText>.
                </>
              )}
            </Text>
          </Confirm>
        </Stack>
      )}
    </QueryResult>
  );
}

function PasskeyRow({ passkey, remove }: { readonly passkey: PasskeyView; readonly remove: () => void }) {
  const now = useNow(60_000);
  return (
    <Paper component="li" withBorder p="sm">
      <Group justify="space-between" gap="sm">
        <div>
          <Group gap="xs">
            <Text fw={500}>
              <UserText>{passkey.name}</UserText>
            </Text>
            {passkey.purpose === 'approval' && <Badge>For approvals</Badge>}
            {!passkey.usable && <Badge color="yellow">Works only at {passkey.rpId}</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            Added <Moment at={passkey.createdAt} now={now} />
            {passkey.lastUsedAt === null ? (
              ', never used'
            ) : (
              <>
                , last used <Moment at={passkey.lastUsedAt} now={now} />
              </>
            )}
          </Text>
        </div>
        <Button size="xs" variant="default" aria-label={`Remove passkey ${passkey.name}`} onClick={remove}>
          Remove passkey
        </Button>
      </Group>
    </Paper>
  );
}

function AddPasskeyDialog({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Add passkey">
      <AddPasskey added={close} />
    </Modal>
  );
}

/** Form that names and creates a passkey for sign-in. */
export function AddPasskey({ added }: { readonly added: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const adding = useMutation({
    mutationFn: async () => call('POST', '/passkeys', done, await createPasskey('sign-in', name.trim())),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: passkeysQuery.queryKey });
      added();
    },
  });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) adding.mutate();
      }}
    >
      <Stack>
        {adding.isError && <Failure error={adding.error} />}
        <TextInput
          label="Name of the passkey"
          description="Name the device that stores the passkey, such as “Work laptop”."
          required
          data-autofocus
          maxLength={120}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <Button type="submit" disabled={!name.trim()} loading={adding.isPending}>
          Create passkey
        </Button>
      </Stack>
    </form>
  );
}

function RecoveryCodes({ unused, createdAt }: { readonly unused: number; readonly createdAt: number | null }) {
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const making = useMutation({
    mutationFn: () => call('POST', '/recovery-codes', recoveryCodes),
    onSuccess: () => client.invalidateQueries({ queryKey: passkeysQuery.queryKey }),
  });
  const leave = () => {
    setOpened(false);
    making.reset();
  };
  return (
    <Stack gap="xs" align="flex-start">
      <Text>
        {createdAt === null
          ? 'You have no recovery codes.'
          : `You have ${unused} unused recovery ${unused === 1 ? 'code' : 'codes'}.`}{' '}
        A recovery code and your password sign you in if you lose your passkeys and your authenticator app.
      </Text>
      <Button variant="default" onClick={() => setOpened(true)}>
        {createdAt === null ? 'Create recovery codes' : 'Replace recovery codes'}
      </Button>
      <Modal opened={opened} onClose={leave} title="Recovery codes">
        {making.data ? (
          <Stack>
            <Code block fz="md">
              {making.data.codes.join('\n')}
            </Code>
            <CopyButton text={making.data.codes.join('\n')}>Copy codes</CopyButton>
            <Alert color="yellow">
              Print these codes or write them down now. They are shown only once. Each code works once.
            </Alert>
            <Button variant="default" onClick={leave}>
              Close
            </Button>
          </Stack>
        ) : (
          <Stack>
            <Text>
              {createdAt === null
                ? 'The server creates ten codes and stores only their hashes.'
                : 'The server creates ten new codes. All earlier codes stop working.'}
            </Text>
            {making.isError && <Failure error={making.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={leave}>
                Cancel
              </Button>
              <Button loading={making.isPending} onClick={() => making.mutate()}>
                Create codes
              </Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </Stack>
  );
}
