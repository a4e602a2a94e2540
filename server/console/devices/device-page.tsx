import { Button, Stack, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { z } from 'zod';
import type { DeviceView, deviceDetail } from '../../../shared/api/devices.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import type { CommandKind } from '../../../shared/protocol/command-kinds.ts';
import { ActivitySection } from '../activity/activity-section.tsx';
import { useMay } from '../client/session.tsx';
import { FilesSection } from '../files/files-section.tsx';
import { AskDialog } from '../live-queries/ask-dialog.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import type { RecordActionKind } from '../words/record-actions.ts';
import { CommandDialog } from './commands/command-dialog.tsx';
import { AlertsSection } from './device/alerts-section.tsx';
import { CertificatesSection } from './device/certificates-section.tsx';
import { CommandsSection } from './device/commands-section.tsx';
import { DangerSection } from './device/danger-section.tsx';
import { DetailsDialog } from './device/details-dialog.tsx';
import { DeviceFacts, DeviceLead } from './device/device-facts.tsx';
import { HistorySection } from './device/history-section.tsx';
import { HoldSection } from './device/hold-section.tsx';
import { InventorySection } from './device/inventory-section.tsx';
import { LocationSection } from './device/location-section.tsx';
import { LogsSection } from './device/logs-section.tsx';
import { LostModeSection } from './device/lost-mode-section.tsx';
import { PastStateSection } from './device/past-state-section.tsx';
import { PolicySection } from './device/policy-section.tsx';
import { ReceiptsSection } from './device/receipts-section.tsx';
import { RecordDialog } from './device/record-dialog.tsx';
import { RenameDialog } from './device/rename-dialog.tsx';
import { ServicesSection } from './device/services-section.tsx';
import { SoftwareSection } from './device/software-section.tsx';
import classes from './device-page.module.css';
import { deviceQuery } from './queries.ts';
import { withoutEffect } from './workspace-words.ts';

const route = getRouteApi('/devices/$id');

export function DevicePage() {
  const { id } = route.useParams();
  const query = useQuery(deviceQuery(id));
  if (query.data !== undefined) return <Loaded key={id} device={query.data} />;
  const code = query.error instanceof ApiError ? query.error.code : null;
  if (code === 'not_found' || code === 'invalid_input') {
    return (
      <Missing title="Device not found">
        The web address may be incomplete, or the device was never enrolled on this server. Check the address, or open
        the device from the list.
      </Missing>
    );
  }
  if (code === 'out_of_scope') {
    return (
      <Missing title="Device outside your role">
        Your role does not include the group or home area of the device. Ask an owner for access if you need it.
      </Missing>
    );
  }
  return (
    <Page title="Device">
      <QueryResult query={query} lines={8}>
        {() => null}
      </QueryResult>
    </Page>
  );
}

function Missing({ title, children }: { readonly title: string; readonly children: string }) {
  return (
    <Page title="Device">
      <Empty title={title} action={<ButtonLink to="/devices">Open devices</ButtonLink>}>
        {children}
      </Empty>
    </Page>
  );
}

function Loaded({ device }: { readonly device: z.output<typeof deviceDetail> }) {
  const may = useMay();
  const [command, setCommand] = useState<CommandKind | null>(null);
  const [recordAction, setRecordAction] = useState<RecordActionKind | null>(null);
  const [belonging, { open, close }] = useDisclosure(false);
  const [renaming, rename] = useDisclosure(false);
  const [asking, question] = useDisclosure(false);
  const active = device.status === 'active';
  return (
    <Page
      title={device.user}
      lead={<DeviceLead device={device} />}
      actions={active && may('commands.issue') && <DeviceActions device={device} command={setCommand} />}
    >
      <div className={classes.sections}>
        <Stack gap="xl" className={classes.now}>
          <ServicesSection device={device} />
          <LocationSection device={device} />
          {may('lost-mode.show') && <LostModeSection device={device} />}
          {active && <PolicySection id={device.id} />}
          <CommandsSection
            id={device.id}
            user={device.user}
            command={active ? setCommand : null}
            ask={active ? question.open : null}
          />
          <ReceiptsSection id={device.id} />
        </Stack>
        <Stack gap="xl" className={classes.what}>
          <Section
            title="Details"
            actions={
              <>
                {may('devices.rename') && (
                  <Button variant="default" size="xs" onClick={rename.open}>
                    Rename device…
                  </Button>
                )}
                {may('devices.label') && (
                  <Button variant="default" size="xs" onClick={() => setRecordAction('label')}>
                    Edit labels…
                  </Button>
                )}
                {may('devices.update') && active && <Change open={open} />}
              </>
            }
          >
            <DeviceFacts device={device} />
          </Section>
          <HoldSection device={device} />
          <InventorySection inventory={device.inventory} />
          <SoftwareSection id={device.id} />
          <CertificatesSection id={device.id} generation={device.generation} />
          <AlertsSection id={device.id} />
          {may('fetched-files.list') && <FilesSection id={device.id} active={active} />}
          {may('device-logs.list') && <LogsSection id={device.id} />}
        </Stack>
        <div className={classes.past}>
          <Stack gap="xl">
            <PastStateSection device={device} />
            <HistorySection device={device} />
            {may('activity.list') && <ActivitySection about={{ device: device.id }} />}
          </Stack>
        </div>
      </div>
      <DangerSection device={device} command={setCommand} act={setRecordAction} />
      <CommandDialog device={device} kind={command} close={() => setCommand(null)} />
      <RecordDialog device={device} action={recordAction} close={() => setRecordAction(null)} />
      <AskDialog
        target={asking ? { devices: [device.id] } : null}
        audience={
          device.presence?.connected ? 'The device is connected.' : 'The device is offline, so it cannot answer now.'
        }
        close={question.close}
      />
      <RenameDialog device={device} opened={renaming} close={rename.close} />
      <DetailsDialog device={device} opened={belonging} close={close} />
    </Page>
  );
}

const Change = ({ open }: { readonly open: () => void }) => (
  <Button variant="default" size="xs" onClick={open}>
    Edit details…
  </Button>
);

function DeviceActions({
  device,
  command,
}: {
  readonly device: DeviceView;
  readonly command: (kind: CommandKind) => void;
}) {
  const silent = withoutEffect('message', device);
  return (
    <>
      {silent === null ? (
        <Button onClick={() => command('message')}>Send message…</Button>
      ) : (
        // A disabled button would hide its explanation from keyboard users, so the button is only `aria-disabled`.
        <Tooltip
          label={silent}
          multiline
          w={260}
          withinPortal={false}
          events={{ hover: true, focus: true, touch: true }}
        >
          <Button
            variant="default"
            c="dimmed"
            className={classes.ineffective}
            aria-disabled
            aria-label={`Send message… ${silent}`}
          >
            Send message…
          </Button>
        </Tooltip>
      )}
      {withoutEffect('lock-workspace', device) === null && (
        <Button variant="default" onClick={() => command('lock-workspace')}>
          Lock workspace…
        </Button>
      )}
      {withoutEffect('unlock-workspace', device) === null && (
        <Button variant="default" onClick={() => command('unlock-workspace')}>
          Unlock workspace…
        </Button>
      )}
    </>
  );
}
