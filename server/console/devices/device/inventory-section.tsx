/** What the device says of its hardware and system. What it does not know stays unknown. */
import { Text } from '@mantine/core';
import { Given } from '../../../../shared/look/given.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import type { Inventory } from '../../../../shared/protocol/frames.ts';
import { type Fact, Facts } from '../../parts/facts.tsx';
import { Section } from '../../parts/page.tsx';
import { gigabytes } from './bytes.ts';

export function InventorySection({ inventory }: { readonly inventory: Inventory | null }) {
  return (
    <Section title="Inventory">
      {inventory === null ? (
        <Text c="dimmed">The device has not said yet what it is: it does so when it connects.</Text>
      ) : (
        <>
          <Text size="sm" c="dimmed">
            As the device said on {dateTime(inventory.at)}, by its own clock.
          </Text>
          <Facts facts={factsOf(inventory)} />
        </>
      )}
    </Section>
  );
}

const said = (value: string | number | null) =>
  value === null || value === '' ? (
    <Text span c="dimmed">
      Not known
    </Text>
  ) : (
    <Given>{String(value)}</Given>
  );

function factsOf({ os, hardware, disks, network, agent, hostname }: Inventory): Fact[] {
  const system = [os.distro, os.release].filter((part) => part !== null).join(' ');
  return [
    { label: 'Host name', value: said(hostname) },
    { label: 'System', value: said(system === '' ? os.platform : `${system} (${os.platform})`) },
    { label: 'Kernel', value: said(os.kernel) },
    { label: 'Processor', value: said(hardware.cpu === null ? null : `${hardware.cpu}, ${os.arch}`) },
    { label: 'Cores', value: said(hardware.cores) },
    { label: 'Memory', value: said(hardware.memory === null ? null : gigabytes(hardware.memory)) },
    { label: 'Made by', value: said(hardware.manufacturer) },
    { label: 'Model', value: said(hardware.model) },
    { label: 'Serial number', value: said(hardware.serial) },
    { label: 'Hardware UUID', value: said(hardware.uuid) },
    {
      label: 'Disks',
      value:
        disks.length === 0
          ? said(null)
          : disks.map(({ name, size, encrypted }) => (
              <div key={name}>
                <Given>{name}</Given>
                {size !== null && `, ${gigabytes(size)}`}
                {encrypted === null ? ', encryption not known' : encrypted ? ', encrypted' : ', not encrypted'}
              </div>
            )),
    },
    {
      label: 'Network cards',
      value:
        network.length === 0
          ? said(null)
          : network.map(({ name, mac }) => (
              <div key={name}>
                <Given>{name}</Given>
                {mac !== null && `, ${mac}`}
              </div>
            )),
    },
    { label: 'Agent', value: said(agent) },
  ];
}
