/**
 * Menu of the device page (the agent's web page). The menu is a native popover, because a native popover closes on Escape and on a click
 * elsewhere.
 */

import { Button, Stack, Text, UnstyledButton } from '@mantine/core';
import {
  IconEye,
  IconFolder,
  IconGavel,
  IconLockPassword,
  IconLogout,
  IconMailCog,
  IconMenu2,
  IconMessageReport,
  IconMoon,
  IconSun,
} from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { useColorScheme } from '../../../../shared/look/color-scheme.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { MessagingStatus } from '../../api.ts';
import { AdminMessagesDialog } from '../admin-messages/admin-messages.tsx';
import { call } from '../client/call.ts';
import { keepToken } from '../client/session.ts';
import { FILE_WORDS, FilesDialog } from '../files/files-dialog.tsx';
import { MailProgramsDialog } from '../mail/mail-programs.tsx';
import { OrdersDialog } from '../orders/orders-dialog.tsx';
import { PasscodeDialog } from '../passcode/passcode-dialog.tsx';
import { PASSCODE_WORDS } from '../passcode/passcode-words.ts';
import { PrivacyDialog } from '../privacy/privacy-dialog.tsx';
import { WORDS } from '../words/english.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { isolated } from '../words/names.ts';
import { inReadersLanguage } from '../words/notice-words.ts';
import { ExportButton } from './export-button.tsx';
import classes from './menu.module.css';

const words = WORDS.menu;

export function Menu({ messagingStatus }: { readonly messagingStatus: MessagingStatus | null }) {
  const client = useQueryClient();
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  const [orders, setOrders] = useState(false);
  const [programs, setPrograms] = useState(false);
  const [adminMessages, setAdminMessages] = useState(false);
  const [privacy, setPrivacy] = useState(false);
  const [files, setFiles] = useState(false);
  const [passcode, setPasscode] = useState(false);
  const name = messagingStatus?.me?.name;
  const device = messagingStatus?.displayName ?? null;
  const { dark, toggle } = useColorScheme();

  async function leave(): Promise<void> {
    await call('DELETE', '/session', done).catch(() => undefined);
    keepToken(null);
    client.clear();
  }

  return (
    <>
      <UnstyledButton
        className={classes.opener}
        popoverTarget={id}
        aria-label={name === undefined ? words.label : words.labelOf(isolated(name))}
      >
        <IconMenu2 size={22} aria-hidden />
      </UnstyledButton>
      <div id={id} ref={panel} popover="auto" className={classes.panel}>
        <Stack gap="sm">
          {name !== undefined && (
            <div>
              <Text size="sm" c="dimmed">
                {words.you}
              </Text>
              <Text fw={600}>
                <UserText>{name}</UserText>
              </Text>
            </div>
          )}
          {device !== null && (
            <div>
              <Text size="sm" c="dimmed">
                {words.device}
              </Text>
              <Text fw={600}>
                <UserText>{device}</UserText>
              </Text>
            </div>
          )}
          <Button
            variant="default"
            leftSection={<IconGavel size={16} aria-hidden />}
            onClick={() => {
              panel.current?.hidePopover();
              setOrders(true);
            }}
          >
            {words.orders}
          </Button>
          <Button
            variant="default"
            leftSection={<IconMessageReport size={16} aria-hidden />}
            onClick={() => {
              panel.current?.hidePopover();
              setAdminMessages(true);
            }}
          >
            {WORDS.adminMessages.title}
          </Button>
          <Button
            variant="default"
            leftSection={<IconMailCog size={16} aria-hidden />}
            {...inReadersLanguage}
            onClick={() => {
              panel.current?.hidePopover();
              setPrograms(true);
            }}
          >
            {MAIL_WORDS.programs.title}
          </Button>
          <Button
            variant="default"
            leftSection={<IconFolder size={16} aria-hidden />}
            {...inReadersLanguage}
            onClick={() => {
              panel.current?.hidePopover();
              setFiles(true);
            }}
          >
            {FILE_WORDS.title}
          </Button>
          <Button
            variant="default"
            leftSection={<IconLockPassword size={16} aria-hidden />}
            {...inReadersLanguage}
            onClick={() => {
              panel.current?.hidePopover();
              setPasscode(true);
            }}
          >
            {PASSCODE_WORDS.title}
          </Button>
          <Button
            variant="default"
            leftSection={<IconEye size={16} aria-hidden />}
            onClick={() => {
              panel.current?.hidePopover();
              setPrivacy(true);
            }}
          >
            {WORDS.privacy.title}
          </Button>
          <ExportButton>{words.export}</ExportButton>
          <Text size="xs" c="dimmed">
            {words.exportMeaning}
          </Text>
          <Button
            variant="default"
            leftSection={dark ? <IconSun size={16} aria-hidden /> : <IconMoon size={16} aria-hidden />}
            onClick={toggle}
          >
            {dark ? words.light : words.dark}
          </Button>
          <Button variant="default" leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave()}>
            {words.leave}
          </Button>
        </Stack>
      </div>
      <MailProgramsDialog opened={programs} close={() => setPrograms(false)} />
      <PasscodeDialog opened={passcode} close={() => setPasscode(false)} />
      <FilesDialog opened={files} close={() => setFiles(false)} />
      <PrivacyDialog opened={privacy} close={() => setPrivacy(false)} />
      <AdminMessagesDialog opened={adminMessages} close={() => setAdminMessages(false)} />
      {messagingStatus && (
        <OrdersDialog messagingStatus={messagingStatus} opened={orders} close={() => setOrders(false)} />
      )}
    </>
  );
}
