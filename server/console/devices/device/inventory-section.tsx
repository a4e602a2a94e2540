import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Inventory } from '../../../../shared/inventory/inventory.ts';
import {
  type MissingReason,
  type Section as Name,
  SECTION_TEXTS,
  SECTIONS,
} from '../../../../shared/inventory/sections.ts';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { type Fact, Facts } from '../../parts/facts.tsx';
import { Section } from '../../parts/page.tsx';
import { gigabytes } from './bytes.ts';
import { ShortList } from './short-list.tsx';

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
          <Missing inventory={inventory} />
        </>
      )}
    </Section>
  );
}

const REASONS: Readonly<Record<MissingReason, string>> = {
  off: 'switched off by your organization',
  'not-displayed': 'switched on, not yet displayed to the user',
  unsupported: 'not available on this device',
  failed: 'not readable at the last report',
};

function Missing({ inventory: { missing } }: { readonly inventory: Inventory }) {
  const names = SECTIONS.filter((section) => missing[section] !== undefined);
  if (names.length === 0) return null;
  const text = (section: Name) => `${SECTION_TEXTS[section].title}: ${REASONS[missing[section] ?? 'unsupported']}`;
  return (
    <Text size="sm" c="dimmed">
      Not reported. {names.map(text).join('. ')}.
    </Text>
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

const yesOrNo = (value: boolean | null) => (value === null ? textOrUnknown(null) : value ? 'Active' : 'Not active');

function listed<T>(items: readonly T[], noun: string, line: (item: T) => ReactNode): ReactNode {
  if (items.length === 0) return 'None';
  return (
    <ShortList items={items} few={5} noun={noun}>
      {(shown) =>
        shown.map((item, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a report is replaced as a whole, and its entries have no ids
          <div key={index}>{line(item)}</div>
        ))
      }
    </ShortList>
  );
}

function factsOf(inventory: Inventory): Fact[] {
  return [...systemFacts(inventory), ...stateFacts(inventory), ...personalFacts(inventory)];
}

function systemFacts({ system: { os, hardware, agent, hostname, bootedAt } }: Inventory): Fact[] {
  const name = [os.distro, os.release].filter((part) => part !== null).join(' ');
  return [
    { label: 'Host name', value: textOrUnknown(hostname) },
    { label: 'System', value: textOrUnknown(name === '' ? os.platform : `${name} (${os.platform})`) },
    { label: 'Kernel', value: textOrUnknown(os.kernel) },
    { label: 'Last start', value: bootedAt === null ? textOrUnknown(null) : dateTime(bootedAt) },
    { label: 'Processor', value: textOrUnknown(hardware.cpu === null ? null : `${hardware.cpu}, ${os.arch}`) },
    { label: 'Cores', value: textOrUnknown(hardware.cores) },
    { label: 'Memory', value: textOrUnknown(hardware.memory === null ? null : gigabytes(hardware.memory)) },
    { label: 'Manufacturer', value: textOrUnknown(hardware.manufacturer) },
    { label: 'Model', value: textOrUnknown(hardware.model) },
    { label: 'Serial number', value: textOrUnknown(hardware.serial) },
    { label: 'Hardware UUID', value: textOrUnknown(hardware.uuid) },
    { label: 'Agent', value: textOrUnknown(agent) },
  ];
}

function stateFacts({ disks, battery, updates, security }: Inventory): Fact[] {
  const facts: (Fact | false)[] = [
    disks !== undefined && {
      label: 'Disks',
      value: listed(disks, 'disks', ({ name, size, encrypted }) => (
        <>
          <UserText>{name}</UserText>
          {size !== null && `, ${gigabytes(size)}`}
          {encrypted === null ? ', encryption unknown' : encrypted ? ', encrypted' : ', not encrypted'}
        </>
      )),
    },
    battery !== undefined && {
      label: 'Battery',
      value: listed(battery, 'batteries', ({ percent, health, cycles }) => {
        const parts = [
          percent === null ? null : `${percent} % charged`,
          health === null ? null : `${health} % of its design capacity`,
          cycles === null ? null : `${cycles} cycles`,
        ].filter((part) => part !== null);
        return parts.length === 0 ? 'Present' : parts.join(', ');
      }),
    },
    updates !== undefined && { label: 'Updates', value: updateText(updates) },
    security !== undefined && { label: 'Firewall', value: yesOrNo(security.firewall) },
    security !== undefined && { label: 'Secure Boot', value: yesOrNo(security.secureBoot) },
  ];
  return facts.filter((fact) => fact !== false);
}

function updateText({ pending, security, restart, checkedAt }: NonNullable<Inventory['updates']>): ReactNode {
  if (pending === null) return textOrUnknown(null);
  const parts = [
    `${pending} pending`,
    ...(security === null ? [] : [`${security} of them for security`]),
    ...(restart === true ? ['restart needed'] : []),
    ...(checkedAt === null ? [] : [`list of ${dateTime(checkedAt)}`]),
  ];
  return parts.join(', ');
}

function personalFacts({ users, network, certificates }: Inventory): Fact[] {
  const facts: (Fact | false)[] = [
    users !== undefined && {
      label: 'Local users',
      value: listed(users, 'users', ({ name, admin }) => (
        <>
          <UserText>{name}</UserText>
          {admin && ', administers the device'}
        </>
      )),
    },
    network !== undefined && {
      label: 'Network adapters',
      value: listed(network, 'adapters', ({ name, mac, addresses }) => (
        <>
          <UserText>{name}</UserText>
          {mac !== null && `, ${mac}`}
          {addresses.length > 0 && `, ${addresses.join(', ')}`}
        </>
      )),
    },
    certificates !== undefined && {
      label: 'Added certificates',
      value: listed(certificates, 'certificates', ({ subject, notAfter, use }) => (
        <>
          <UserText>{subject}</UserText>, {use === 'trust' ? 'trusted' : 'own'}, expires {dateTime(notAfter)}
        </>
      )),
    },
  ];
  return facts.filter((fact) => fact !== false);
}
