/** Account menu as a native HTML popover, which closes on Escape and on a click elsewhere. */
import { Button, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconLogout, IconUserCircle } from '@tabler/icons-react';
import { useId, useRef } from 'react';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useSession, useSignOut } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import classes from './shell.module.css';

export function AccountMenu() {
  const { account } = useSession();
  const signOut = useSignOut();
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  const roles = [...new Set(account.grants.map(({ role, name }) => name ?? role))].join(', ') || 'no role';
  return (
    <>
      <UnstyledButton className={classes.icon} popoverTarget={id} aria-label={`Your account: ${account.name}`}>
        <IconUserCircle size={24} aria-hidden />
        <Text span size="sm" fw={500} truncate className={classes.account}>
          <UserText>{account.name}</UserText>
        </Text>
      </UnstyledButton>
      <div id={id} ref={panel} popover="auto" className={classes.panel}>
        <Stack gap="sm">
          <div>
            <Text fw={600}>
              <UserText>{account.name}</UserText>
            </Text>
            <Text size="sm" c="dimmed">
              <UserText>{account.email}</UserText> · {roles}
            </Text>
          </div>
          <ButtonLink to="/account" variant="default" onClick={() => panel.current?.hidePopover()}>
            Your account
          </ButtonLink>
          <Button variant="default" leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut()}>
            Sign out
          </Button>
        </Stack>
      </div>
    </>
  );
}
