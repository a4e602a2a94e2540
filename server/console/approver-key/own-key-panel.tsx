import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useSession } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import type { KeyState } from './approver-set.ts';
import { type OwnKey, useRegisterKey, useRegisterPasskey } from './use-own-key.ts';

const TITLES: Readonly<Record<KeyState, string>> = {
  absent: 'No approver key in this browser',
  unregistered: 'Approver key not registered',
  unlisted: 'Approver key not in the approver set',
  waiting: 'Approver key pending',
  listed: 'Approver key ready',
};

export function OwnKeyPanel({ own }: { readonly own: OwnKey }) {
  const register = useRegisterKey();
  const registerPasskey = useRegisterPasskey();
  const { name } = useSession().account;
  const { state, signers, elsewhere, canCreatePasskey } = own;
  const makes = state === 'absent' || state === 'unregistered';
  return (
    <Alert icon={<IconKey aria-hidden />} title={TITLES[state]} color={state === 'listed' ? 'cordon' : 'yellow'}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{meaning(state, elsewhere)}</Text>
        {state === 'unlisted' && (
          <Text size="sm">
            <PageLink to="/people" search={{ tab: 'approvers' }}>
              Propose approver set
            </PageLink>
          </Text>
        )}
        {signers.map(({ name: signer, key }) => (
          <Text key={key.keyid} size="xs">
            <UserText>{signer}</UserText>: <Code>{key.keyid.slice(0, 16)}…</Code>
          </Text>
        ))}
        {register.isError && <Failure error={register.error} />}
        {registerPasskey.isError && <Failure error={registerPasskey.error} />}
        <Group gap="xs">
          {makes && (
            <Button
              size="xs"
              variant={elsewhere ? 'default' : 'filled'}
              loading={register.isPending}
              onClick={() => register.mutate()}
            >
              {state === 'absent' ? 'Create approver key' : 'Register approver key'}
            </Button>
          )}
          {canCreatePasskey && !signers.some(({ kind }) => kind === 'passkey') && (
            <Button
              size="xs"
              variant="default"
              loading={registerPasskey.isPending}
              onClick={() => registerPasskey.mutate(`Approvals of ${name}`.slice(0, 120))}
            >
              Create approver passkey
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

function meaning(state: KeyState, elsewhere: boolean): string {
  const other = elsewhere
    ? 'The approver set contains another key of yours. Approve orders in the browser that stores that key, or with “cordon orders approve” if the key is in a file. '
    : '';
  switch (state) {
    case 'absent':
      return `${other}Create a private key that signs your approvals. The key stays in this browser or in your passkey: nobody can copy it, and the server never receives it. The current approvers must then add your public key to the approver set.`;
    case 'unregistered':
      return `${other}Register your public key, so that the approvers can add it to the approver set.`;
    case 'unlisted':
      return `${other}Signatures with your key do not count yet. The current approvers must sign an approver set that contains your key.`;
    case 'waiting':
      return `${other}The proposed approver set contains your key. Your approvals count as soon as enough approvers have signed that set.`;
    case 'listed':
      return 'The current approver set contains your key, so your approvals count.';
  }
}
