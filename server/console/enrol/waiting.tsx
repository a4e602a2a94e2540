/** The link, shown this once, and the moment at which the device appears. */
import { Alert, Button, Code, Group, Loader, Paper, Stack, Text } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { renderSVG } from 'uqr';
import { deviceDetail } from '../../../shared/api/devices.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Refusal } from '../../../shared/look/refusal.ts';
import { duration } from '../../../shared/look/time-words.ts';
import { call } from '../client/call.ts';
import { useNow } from '../client/server-time.tsx';
import { CopyButton } from '../parts/copy-button.tsx';
import { ButtonLink } from '../parts/links.tsx';
import type { Enrolling } from './enrol-page.tsx';

const LOOK_EVERY = 2_000;

export function Waiting({ code, user, after, another }: Enrolling & { readonly another: () => void }) {
  const now = useNow();
  const device = useQuery({
    queryKey: ['devices', 'waiting for', code.id],
    queryFn: () => arrived(code.id, after),
    refetchInterval: ({ state }) => (state.data ? false : LOOK_EVERY),
  });
  const left = code.expiresAt - now;
  const image = `data:image/svg+xml,${encodeURIComponent(renderSVG(code.link, { border: 2 }))}`;
  return (
    <Paper withBorder p="lg" maw={760}>
      <Stack>
        <div aria-live="polite">
          {device.data ? (
            <Alert color="green" icon={<IconCircleCheck aria-hidden />} title="The device has joined">
              <Stack gap="xs" align="flex-start">
                <Text size="sm">
                  <Given>{user}</Given>'s device {device.data.hostname ? <Given>{device.data.hostname}</Given> : null}{' '}
                  is enrolled
                  {device.data.presence?.connected ? ' and connected' : ''}.
                </Text>
                <ButtonLink to="/devices/$id" params={{ id: code.id }} size="xs">
                  Open the device
                </ButtonLink>
              </Stack>
            </Alert>
          ) : (
            <Group gap="sm">
              {left > 0 && <Loader size="sm" aria-hidden />}
              <Text fw={600}>
                {left > 0 ? (
                  <>
                    Waiting for <Given>{user}</Given>'s device
                  </>
                ) : (
                  'The link has expired: make another one.'
                )}
              </Text>
            </Group>
          )}
        </div>
        {!device.data && left > 0 && (
          <>
            <Text size="sm">
              Run this on the machine that is to be managed, after <Code>npm ci</Code> in Cordon's folder. The first
              command asks for the link: paste it. The link is shown this once, works once, and for another{' '}
              {duration(left)}.
            </Text>
            <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              {'npx cordon-agent enrol\nnpx cordon-agent run'}
            </Code>
            <Group>
              <CopyButton text="npx cordon-agent enrol && npx cordon-agent run">Copy the commands</CopyButton>
              <CopyButton text={code.link}>Copy the link</CopyButton>
            </Group>
            <img src={image} alt="QR code of the activation link" width={240} height={240} />
          </>
        )}
        <div>
          <Button variant="default" onClick={another}>
            Enrol another device
          </Button>
        </div>
      </Stack>
    </Paper>
  );
}

/** The device has the id that its code was given. One that is enrolled again was there before: then its next generation is what counts. */
async function arrived(id: string, after: number) {
  try {
    const device = await call('GET', `/devices/${id}`, deviceDetail);
    return device.status === 'active' && device.generation > after ? device : null;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not_found') return null;
    if (error instanceof Refusal && error.code === 'device_unknown') return null;
    throw error;
  }
}
