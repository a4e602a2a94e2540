import { Alert, Button, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { RecoveryView } from '../../../shared/api/recovery.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { LedgerSection } from './ledger-section.tsx';
import { LossSection } from './loss-section.tsx';
import { recoveryQuery } from './queries.ts';
import { ReadmissionSection } from './readmission-section.tsx';

export function RecoveryPage() {
  const may = useMay();
  const query = useQuery({ ...recoveryQuery, enabled: may('recovery.show') });
  const view = query.data;
  const isOpen = view?.recovery?.closedAt === null;
  return (
    <Page
      title="Recovery"
      lead="State of this server after the restore from a backup."
      actions={isOpen && may('recovery.close') && <CloseRecovery view={view} />}
    >
      {may('recovery.show') ? (
        <QueryResult query={query} lines={8}>
          {(data) => <Recovery view={data} />}
        </QueryResult>
      ) : (
        <Empty title="Page outside your role">
          Only admins with the role owner, fleet, legal or auditor can see the recovery. Ask an owner for access.
        </Empty>
      )}
    </Page>
  );
}

function Recovery({ view: { recovery, evidence, devices } }: { readonly view: RecoveryView }) {
  if (!recovery) {
    return (
      <Empty
        title="No open recovery"
        action={
          <ButtonLink to="/settings" variant="default">
            Open backup settings
          </ButtonLink>
        }
      >
        The server was not restored from a backup, or its recovery is closed. To restore a backup, stop the server and
        run “cordon restore FILE” on its machine. To avoid losses, schedule backups, and copy the public ledger to
        another machine with “cordon ledger copy”.
      </Empty>
    );
  }
  return (
    <Stack gap="xl">
      {recovery.closedAt !== null && (
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} title="Recovery closed">
          The server no longer contacts devices and readmits no device. The public ledger is still suspended.
        </Alert>
      )}
      <Section title="Recovery point and losses">
        <LossSection recovery={recovery} />
      </Section>
      {evidence && (
        <Section title="Public ledger">
          <LedgerSection recovery={recovery} evidence={evidence} />
        </Section>
      )}
      {recovery.closedAt === null && (
        <Section title="Devices pending readmission">
          <ReadmissionSection devices={devices} />
        </Section>
      )}
    </Stack>
  );
}

function CloseRecovery({ view: { recovery, devices } }: { readonly view: RecoveryView }) {
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure(false);
  const missing = (recovery?.missing.length ?? 0) + ((recovery?.missingApprovers ?? 0) > 0 ? 1 : 0);
  const waiting = devices.filter(({ obstacle }) => obstacle === null).length;
  const losses = [
    ...(waiting > 0 ? [`${waiting} devices are pending readmission. They must enroll again.`] : []),
    ...(missing > 0 ? [`${missing} signed documents are missing. The server will not request them from devices.`] : []),
    ...(recovery?.ledgerSuspended != null ? ['The public ledger is suspended and stays suspended.'] : []),
  ];
  const submit = async () => {
    await call('POST', '/recovery/close', done, {});
    await client.invalidateQueries();
  };
  return (
    <>
      <Button color="red" variant="light" onClick={open}>
        Close recovery…
      </Button>
      <Confirm title="Close recovery" opened={opened} close={close} verb="Close recovery" grave act={submit}>
        <Text size="sm">
          After you close the recovery, the server requests no documents from devices and readmits no device. You cannot
          undo this.
        </Text>
        {losses.map((loss) => (
          <Alert key={loss} color="red" icon={<IconAlertTriangle aria-hidden />} p="sm">
            {loss}
          </Alert>
        ))}
      </Confirm>
    </>
  );
}
