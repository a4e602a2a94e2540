/** Whether a legal hold stands on the device; why, for those who may read it. */
import { Button, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { Answer } from '../../../../shared/look/states.tsx';
import { useMay } from '../../client/session.tsx';
import { HoldView } from '../../holds/hold-view.tsx';
import { PlaceDialog } from '../../holds/place-dialog.tsx';
import { holdsOnQuestion } from '../../holds/queries.ts';
import { Section } from '../../parts/page.tsx';
import { HOLD_MEANING } from '../../words/holds.ts';
import classes from './device.module.css';

export function HoldSection({ device }: { readonly device: DeviceView }) {
  const may = useMay();
  const [placing, { open, close }] = useDisclosure(false);
  if (!device.underHold && !may('legal-holds.place')) return null;
  const place = may('legal-holds.place') && (
    <Button variant="default" size="xs" onClick={open}>
      Place a hold…
    </Button>
  );
  return (
    <Section title="Legal hold" actions={place}>
      {device.underHold ? (
        <Paper withBorder p="md">
          <Stack gap="sm">
            <Text size="sm">{HOLD_MEANING}</Text>
            {may('legal-holds.list') ? (
              <Standing id={device.id} />
            ) : (
              <Text size="sm" c="dimmed">
                Why, and since when, owners, legal and auditors can read.
              </Text>
            )}
          </Stack>
        </Paper>
      ) : (
        <Text size="sm" c="dimmed">
          None stands on this device.
        </Text>
      )}
      <PlaceDialog device={device} opened={placing} close={close} />
    </Section>
  );
}

function Standing({ id }: { readonly id: string }) {
  const holds = useQuery(holdsOnQuestion(id));
  return (
    <Answer query={holds} lines={3}>
      {({ holds: all, people }) => (
        <ul className={classes.list}>
          {all
            .filter(({ released }) => released === null)
            .map((hold) => (
              <li key={hold.id}>
                <HoldView hold={hold} people={people} />
              </li>
            ))}
        </ul>
      )}
    </Answer>
  );
}
