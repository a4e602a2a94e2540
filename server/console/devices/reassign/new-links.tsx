import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReassignmentResult } from '../../../../shared/api/reassignment.ts';
import { linksCsv } from '../../../../shared/devices/reassignment-csv.ts';
import { saveFile } from '../../../../shared/look/save-file.ts';
import { devicesText } from '../../actions/action-words.ts';

/** Activation links of a reassignment. They are secrets, so the admin saves them once and closes the dialog. */
export function NewLinks({ result, close }: { readonly result: ReassignmentResult; readonly close: () => void }) {
  const [saved, setSaved] = useState(false);
  const { codes, refused } = result;
  const count = (state: (typeof codes)[number]['mailed']) => codes.filter(({ mailed }) => mailed === state).length;
  const unsent = count('failed') + count('no-address');
  return (
    <Stack>
      <Alert color="green" role="status" title={`Activation links for ${devicesText(codes.length)}`}>
        <Text size="sm">
          Download the links now: the server does not show them again. Anyone with a link and its device can enroll the
          device for the new owner.
        </Text>
        {count('sent') > 0 && (
          <Text size="sm">The server sent {count('sent').toLocaleString('en')} of the links by mail.</Text>
        )}
      </Alert>
      {unsent > 0 && (
        <Alert color="yellow" title={`${unsent.toLocaleString('en')} links were not sent by mail`}>
          <Text size="sm">
            {count('failed').toLocaleString('en')} failed, and {count('no-address').toLocaleString('en')} people have no
            e-mail address. The file names them. Give these people their links yourself.
          </Text>
        </Alert>
      )}
      {refused.length > 0 && (
        <Text size="sm">
          {refused.length === 1
            ? '1 line was refused, and its device keeps its owner.'
            : `${refused.length.toLocaleString('en')} lines were refused, and their devices keep their owners.`}
        </Text>
      )}
      <Group justify="flex-end">
        <Button
          leftSection={<IconDownload size={16} aria-hidden />}
          {...(saved && { variant: 'default' })}
          onClick={() => {
            saveFile(new Blob([linksCsv(result)], { type: 'text/csv' }), 'activation-links.csv');
            setSaved(true);
          }}
        >
          Download links
        </Button>
        <Button {...(!saved && { variant: 'default' })} onClick={close}>
          {saved ? 'Close' : 'Close without the links'}
        </Button>
      </Group>
    </Stack>
  );
}
