/** Whether one can sign in this browser, and if not, what to do about it. */
import { Alert, Button, Code, Stack, Text } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { Failure } from '../../../shared/look/states.tsx';
import { PageLink } from '../parts/links.tsx';
import type { KeyStanding } from './root-of-approvers.ts';
import { type OwnKey, useRegisterKey } from './use-own-key.ts';

const TITLES: Readonly<Record<KeyStanding, string>> = {
  absent: 'There is no key of yours in this browser',
  unregistered: 'The server does not know your key yet',
  unlisted: 'Your key is not among the approvers',
  waiting: 'Your key is about to become an approver’s',
  listed: 'You can approve in this browser',
};

export function OwnKeyPanel({ own }: { readonly own: OwnKey }) {
  const register = useRegisterKey();
  const { standing, key, elsewhere } = own;
  const makes = standing === 'absent' || standing === 'unregistered';
  return (
    <Alert icon={<IconKey aria-hidden />} title={TITLES[standing]} color={standing === 'listed' ? 'cordon' : 'yellow'}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{meaning(standing, elsewhere)}</Text>
        {standing === 'unlisted' && (
          <Text size="sm">
            <PageLink to="/people" search={{ tab: 'approvers' }}>
              Propose the next root of approvers
            </PageLink>
          </Text>
        )}
        {key && (
          <Text size="xs">
            Your key here: <Code>{key.keyid.slice(0, 16)}…</Code>
          </Text>
        )}
        {register.isError && <Failure error={register.error} />}
        {makes && (
          <Button
            size="xs"
            variant={elsewhere ? 'default' : 'filled'}
            loading={register.isPending}
            onClick={() => register.mutate()}
          >
            {standing === 'absent' ? 'Make my key in this browser' : 'Register my key'}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function meaning(standing: KeyStanding, elsewhere: boolean): string {
  const other = elsewhere
    ? 'The approvers list another key of yours: approve in the browser that made it, or, if it is in a file, with “cordon orders approve”. '
    : '';
  switch (standing) {
    case 'absent':
      return `${other}An approval is signed by your own key, which the server never has. A key that is made here stays in this browser and cannot be copied out of it. The approvers in office must then list it.`;
    case 'unregistered':
      return `${other}Its public half has to be registered before the approvers can list it.`;
    case 'unlisted':
      return `${other}What it signs does not count before the root of approvers lists it: the approvers in office sign the next root with your key in it.`;
    case 'waiting':
      return `${other}The next root of approvers lists it. It counts as soon as enough approvers have signed that root.`;
    case 'listed':
      return 'The root of approvers lists your key of this browser: what it signs counts.';
  }
}
