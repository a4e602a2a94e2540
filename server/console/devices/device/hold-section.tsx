import { Button, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { useMay } from '../../client/session.tsx';
import { HoldDialog } from '../../holds/hold-dialog.tsx';
import { HoldView } from '../../holds/hold-view.tsx';
import { deviceHoldsQuery } from '../../holds/queries.ts';
import { Section } from '../../parts/page.tsx';
import { HOLD_MEANING } from '../../words/holds.ts';
import classes from './device.module.css';

export function HoldSection({ device }: { readonly device: DeviceView }) {
  const may = useMay();
  const [placing, { open, close }] = useDisclosure(false);
  if (!device.underLegalHold && !may('legal-holds.place')) return null;
  const placeButton = may('legal-holds.place') && (
    <Button variant="default" size="xs" onClick={open}>
      Place legal hold…
    </Button>
  );
  return (
    <Section title="Legal hold" actions={placeButton}>
      {device.underLegalHold ? (
        <Paper withBorder p="md">
          <Stack gap="sm">
            <Text size="sm">{HOLD_MEANING}</Text>
            {may('legal-holds.list') ? (
              <ActiveHolds id={device.id} />
            ) : (
              <Text size="sm" c="dimmed">
                Only admins with the role owner, legal or auditor can read the reason and the start date.
              </Text>
            )}
          </Stack>
        </Paper>
      ) : (
        <Text size="sm" c="dimmed">
          No legal hold on this device.
        </Text>
      )}
      <HoldDialog device={device} opened={placing} close={close} />
    </Section>
  );
}

function ActiveHolds({ id }: { readonly id: string }) {
  const holds = useQuery(deviceHoldsQuery(id));
  return (
    <QueryResult query={holds} lines={3}>
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
    </QueryResult>
  );
}
