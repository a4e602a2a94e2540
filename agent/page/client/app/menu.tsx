/** What one can do beside talking. A native popover: it closes by itself on Escape and on a press elsewhere. */
import { Button, Stack, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { IconGavel, IconLogout, IconMenu2, IconMoon, IconSun } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { Given } from '../../../../shared/look/given.tsx';
import type { Standing } from '../../api.ts';
import { call } from '../client/call.ts';
import { keepToken } from '../client/session.ts';
import { OrdersDialog } from '../orders/orders-dialog.tsx';
import { WORDS } from '../words/english.ts';
import { apart } from '../words/names.ts';
import { ExportButton } from './export-button.tsx';
import classes from './menu.module.css';

const words = WORDS.menu;

export function Menu({ standing }: { readonly standing: Standing | null }) {
  const client = useQueryClient();
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  const [orders, setOrders] = useState(false);
  const name = standing?.me?.name;
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const dark = colorScheme === 'dark' || (colorScheme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);

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
        aria-label={name === undefined ? words.label : words.labelOf(apart(name))}
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
                <Given>{name}</Given>
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
          <ExportButton>{words.export}</ExportButton>
          <Text size="xs" c="dimmed">
            {words.exportMeaning}
          </Text>
          <Button
            variant="default"
            leftSection={dark ? <IconSun size={16} aria-hidden /> : <IconMoon size={16} aria-hidden />}
            onClick={() => setColorScheme(dark ? 'light' : 'dark')}
          >
            {dark ? words.light : words.dark}
          </Button>
          <Button variant="default" leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave()}>
            {words.leave}
          </Button>
        </Stack>
      </div>
      {standing && <OrdersDialog standing={standing} opened={orders} close={() => setOrders(false)} />}
    </>
  );
}
