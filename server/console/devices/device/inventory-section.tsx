import { Text } from '@mantine/core';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { Inventory } from '../../../../shared/protocol/frames.ts';
import { type Fact, Facts } from '../../parts/facts.tsx';
import { Section } from '../../parts/page.tsx';
import { gigabytes } from './bytes.ts';

export function InventorySection({ inventory }: { readonly inventory: Inventory | null }) {
  return (
    <Section title="Inventory">
      {inventory === null ? (
        <Text c="dimmed">
          The device has not reported its hardware and software yet. It sends a report when it connects.
        </Text>
      ) : (
        <>
          <Text size="sm" c="dimmed">
            Reported {dateTime(inventory.at)} by the device clock.
          </Text>
          <Facts facts={factsOf(inventory)} />
        </>
      )}
    </Section>
  );
}

const textOrUnknown = (value: string | number | null) =>
  value === null || value === '' ? (
    <Text span c="dimmed">
      Unknown
    </Text>
  ) : (
    <UserText>{String(value)}</UserText>
  );

function factsOf({ os, hardware, disks, network, agent, hostname }: Inventory): Fact[] {
  const system = [os.distro, os.release].filter((part) => part !== null).join(' ');
  return [
    { label: 'Host name', value: textOrUnknown(hostname) },
    { label: 'System', value: textOrUnknown(system === '' ? os.platform : `${system} (${os.platform})`) },
    { label: 'Kernel', value: textOrUnknown(os.kernel) },
    { label: 'Processor', value: textOrUnknown(hardware.cpu === null ? null : `${hardware.cpu}, ${os.arch}`) },
    { label: 'Cores', value: textOrUnknown(hardware.cores) },
    { label: 'Memory', value: textOrUnknown(hardware.memory === null ? null : gigabytes(hardware.memory)) },
    { label: 'Manufacturer', value: textOrUnknown(hardware.manufacturer) },
    { label: 'Model', value: textOrUnknown(hardware.model) },
    { label: 'Serial number', value: textOrUnknown(hardware.serial) },
    { label: 'Hardware UUID', value: textOrUnknown(hardware.uuid) },
    {
      label: 'Disks',
      value:
        disks.length === 0
          ? textOrUnknown(null)
          : disks.map(({ name, size, encrypted }) => (
              <div key={name}>
                <UserText>{name}</UserText>
                {size !== null && `, ${gigabytes(size)}`}
                {encrypted === null ? ', encryption unknown' : encrypted ? ', encrypted' : ', not encrypted'}
              </div>
            )),
    },
    {
      label: 'Network adapters',
      value:
        network.length === 0
          ? textOrUnknown(null)
          : network.map(({ name, mac }) => (
              <div key={name}>
                <UserText>{name}</UserText>
                {mac !== null && `, ${mac}`}
              </div>
            )),
    },
    { label: 'Agent', value: textOrUnknown(agent) },
  ];
}
