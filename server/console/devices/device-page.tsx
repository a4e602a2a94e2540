/** One device: who has it, where it is and why we think so, what it may do, what it was told, what it is, and what has happened. */
import { Button, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { z } from 'zod';
import type { deviceDetail } from '../../../shared/api/devices.ts';
import { Refusal } from '../../../shared/look/refusal.ts';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import type { CommandKind } from '../../../shared/protocol/frames.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { CommandDialog } from './commands/command-dialog.tsx';
import { AlarmsSection } from './device/alarms-section.tsx';
import { BelongingDialog } from './device/belonging-dialog.tsx';
import { CertificatesSection } from './device/certificates-section.tsx';
import { CommandsSection } from './device/commands-section.tsx';
import { DangerSection } from './device/danger-section.tsx';
import { DeviceFacts, DeviceLead } from './device/device-facts.tsx';
import { ExplainSection } from './device/explain-section.tsx';
import { HoldSection } from './device/hold-section.tsx';
import { InventorySection } from './device/inventory-section.tsx';
import { PlaceSection } from './device/place-section.tsx';
import { ReceiptsSection } from './device/receipts-section.tsx';
import { ServicesSection } from './device/services-section.tsx';
import { TimelineSection } from './device/timeline-section.tsx';
import classes from './device-page.module.css';
import { deviceQuestion } from './queries.ts';

const route = getRouteApi('/devices/$id');

export function DevicePage() {
  const { id } = route.useParams();
  const query = useQuery(deviceQuestion(id));
  if (query.data !== undefined) return <Loaded key={id} device={query.data} />;
  const code = query.error instanceof Refusal ? query.error.code : null;
  if (code === 'not_found' || code === 'invalid_input') {
    return (
      <Missing title="There is no such device">
        The address may be cut off, or the device has never been in this fleet.
      </Missing>
    );
  }
  if (code === 'out_of_scope') {
    return (
      <Missing title="Your role does not reach this device">
        It is in another group, or at home in another place, than those that you answer for. Ask an owner if you need
        it.
      </Missing>
    );
  }
  return (
    <Page title="Device">
      <Answer query={query} lines={8}>
        {() => null}
      </Answer>
    </Page>
  );
}

function Missing({ title, children }: { readonly title: string; readonly children: string }) {
  return (
    <Page title="Device">
      <Empty title={title} action={<ButtonLink to="/devices">To the devices</ButtonLink>}>
        {children}
      </Empty>
    </Page>
  );
}

function Loaded({ device }: { readonly device: z.output<typeof deviceDetail> }) {
  const may = useMay();
  const [command, setCommand] = useState<CommandKind | null>(null);
  const [belonging, { open, close }] = useDisclosure(false);
  const active = device.status === 'active';
  return (
    <Page
      title={device.user}
      lead={<DeviceLead device={device} />}
      actions={active && may('commands.issue') && <Acts command={setCommand} />}
    >
      <div className={classes.sections}>
        <Stack gap="xl" className={classes.now}>
          <ServicesSection device={device} />
          <PlaceSection device={device} />
          <CommandsSection id={device.id} command={active ? setCommand : null} />
          <ReceiptsSection id={device.id} />
        </Stack>
        <Stack gap="xl" className={classes.what}>
          <Section title="About the device" actions={may('devices.update') && active && <Change open={open} />}>
            <DeviceFacts device={device} />
          </Section>
          <HoldSection device={device} />
          <InventorySection inventory={device.inventory} />
          <CertificatesSection id={device.id} generation={device.generation} />
          <AlarmsSection id={device.id} />
        </Stack>
        <div className={classes.past}>
          <Stack gap="xl">
            <ExplainSection device={device} />
            <TimelineSection device={device} />
          </Stack>
        </div>
      </div>
      <DangerSection device={device} command={setCommand} />
      <CommandDialog device={device} kind={command} close={() => setCommand(null)} />
      <BelongingDialog device={device} opened={belonging} close={close} />
    </Page>
  );
}

const Change = ({ open }: { readonly open: () => void }) => (
  <Button variant="default" size="xs" onClick={open}>
    Change…
  </Button>
);

function Acts({ command }: { readonly command: (kind: CommandKind) => void }) {
  return (
    <>
      <Button onClick={() => command('message')}>Message…</Button>
      <Button variant="default" onClick={() => command('lock-workspace')}>
        Lock…
      </Button>
      <Button variant="default" onClick={() => command('unlock-workspace')}>
        Unlock…
      </Button>
    </>
  );
}
