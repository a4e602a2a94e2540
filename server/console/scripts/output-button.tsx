/** Button that shows the output of a script on one device, also while the script runs. */
import { Box, Button, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { QueryResult } from '../../../shared/look/states.tsx';
import { plain } from '../../../shared/text/visible-text.ts';
import { useMay } from '../client/session.tsx';
import { readOutput, type WholeOutput } from './queries.ts';

/** Button that opens the output of a command. `of`: name of the device's user, for screen readers. */
export function OutputButton({ command, of }: { readonly command: string; readonly of: string }) {
  const may = useMay();
  const [opened, { open, close }] = useDisclosure(false);
  if (!may('scripts.output')) return null;
  return (
    <>
      <Button size="compact-xs" variant="default" aria-label={`Show output on the device of ${of}`} onClick={open}>
        Show output
      </Button>
      <Modal opened={opened} onClose={close} title={`Output on the device of ${of}`} size="xl">
        <Output command={command} />
      </Modal>
    </>
  );
}

function Output({ command }: { readonly command: string }) {
  const client = useQueryClient();
  const queryKey = ['commands', 'output', command];
  // An event with the topic `commands` repeats the query while the script runs. Each query reads only new output.
  const query = useQuery({
    queryKey,
    queryFn: () => readOutput(command, client.getQueryData<WholeOutput>(queryKey)),
    gcTime: 0,
  });
  return (
    <QueryResult query={query}>
      {({ text, ended }) => (
        <Stack gap="xs">
          <Text size="sm" role="status">
            {ended ? 'The command has ended.' : 'The output appears here while the script runs.'}
          </Text>
          {text === '' ? (
            <Text size="sm" c="dimmed">
              {ended ? 'The script wrote no output, or the output was deleted after 30 days.' : 'No output yet.'}
            </Text>
          ) : (
            <Box
              component="pre"
              tabIndex={0}
              role="region"
              aria-label="Output of the script"
              m={0}
              p="xs"
              fz="sm"
              mah={480}
              bd="1px solid var(--mantine-color-default-border)"
              style={{ overflow: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
              dir="ltr"
            >
              {text.split('\n').map(plain).join('\n')}
            </Box>
          )}
        </Stack>
      )}
    </QueryResult>
  );
}
