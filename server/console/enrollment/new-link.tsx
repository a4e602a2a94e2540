/** New activation link, with which a device can enroll. The console shows the link only once, and then waits until the device enrolls. */
import { Alert, Button, Code, Group, Loader, Paper, Stack, Text } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { renderSVG } from 'uqr';
import { deviceDetail } from '../../../shared/api/devices.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { CopyButton } from '../../../shared/look/copy-button.tsx';
import { duration } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { useNow } from '../client/server-time.tsx';
import { ButtonLink } from '../parts/links.tsx';
import type { CreatedLink } from './created-link.ts';

const POLL_INTERVAL = 2_000;

export function NewLink({ code, user, after, another }: CreatedLink & { readonly another: () => void }) {
  const now = useNow();
  const device = useQuery({
    queryKey: ['devices', 'waiting for', code.id],
    queryFn: () => arrived(code.id, after),
    refetchInterval: ({ state }) => (state.data ? false : POLL_INTERVAL),
  });
  const remaining = code.expiresAt - now;
  const image = `data:image/svg+xml,${encodeURIComponent(renderSVG(code.link, { border: 2 }))}`;
  return (
    <Paper withBorder p="lg" maw={760}>
      <Stack>
        <div aria-live="polite">
          {device.data ? (
            <Alert color="green" icon={<IconCircleCheck aria-hidden />} title="Device enrolled">
              <Stack gap="xs" align="flex-start">
                <Text size="sm">
                  The device of <UserText>{user}</UserText>{' '}
                  {device.data.hostname ? <UserText>{device.data.hostname}</UserText> : null} is enrolled{' '}
                  {device.data.presence?.connected ? ' and connected' : ''}.
                </Text>
                <ButtonLink to="/devices/$id" params={{ id: code.id }} size="xs">
                  Open device
                </ButtonLink>
              </Stack>
            </Alert>
          ) : (
            <Group gap="sm">
              {remaining > 0 && <Loader size="sm" aria-hidden />}
              <Text fw={600}>
                {remaining > 0 ? (
                  <>
                    Waiting for the device of <UserText>{user}</UserText>
                  </>
                ) : (
                  'The activation link has expired. Create a new link.'
                )}
              </Text>
            </Group>
          )}
        </div>
        {!device.data && remaining > 0 && (
          <>
            <Text size="sm">
              Run <Code>npm ci</Code> in Cordon's folder on the device, then these commands. The first command asks for
              the link: paste it. The link is shown only once, works once, and expires in {duration(remaining)}.
            </Text>
            <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              {'npx cordon-agent enroll\nnpx cordon-agent run'}
            </Code>
            <Group>
              <CopyButton text="npx cordon-agent enroll && npx cordon-agent run">Copy commands</CopyButton>
              <CopyButton text={code.link}>Copy link</CopyButton>
            </Group>
            <img src={image} alt="QR code of the activation link" width={240} height={240} />
          </>
        )}
        <div>
          <Button variant="default" onClick={another}>
            Enroll another device
          </Button>
        </div>
      </Stack>
    </Paper>
  );
}

/**
 * Returns a device that has enrolled with a new activation link; otherwise null. A device that enrolls again existed before. Only an
 * enrollment number (`generation`) above `after` proves that the device has used the new link.
 */
async function arrived(id: string, after: number) {
  try {
    const device = await call('GET', `/devices/${id}`, deviceDetail);
    return device.status === 'active' && device.generation > after ? device : null;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_found') return null;
    if (error instanceof ApiError && error.code === 'device_unknown') return null;
    throw error;
  }
}
