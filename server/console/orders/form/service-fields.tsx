/** Form fields for the services that an order suspends, and for the connection (nexus) between device and area that the order requires. */
import { Alert, Checkbox, Stack } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { NEXUS, type Nexus, SERVICES, type Service } from '../../../../shared/verdict/terms.ts';
import { NEXUS_NAMES, SERVICE_MEANING, SERVICE_NAMES } from '../../words/orders.ts';
import { GRAVE_SERVICES } from '../order-terms.tsx';
import classes from './fields.module.css';
import { type Fields, fieldId } from './use-order-form.ts';

const WHY_GRAVE: Readonly<Partial<Record<Service, string>>> = {
  management:
    'While management is suspended, admins cannot lock, wipe or message these devices, even if one is lost or stolen. Few orders require this.',
  enrollment:
    'While enrollment is suspended, no new device can enroll, and no repaired device can re-enroll. An order can suspend messaging alone.',
};

const SHOWN: readonly Service[] = [...SERVICES].sort(
  (a, b) => Number(GRAVE_SERVICES.includes(a)) - Number(GRAVE_SERVICES.includes(b)),
);

const NEXUS_EXPLAINED: Readonly<Record<Nexus, string>> = {
  present:
    'The position, IP address or mobile network of the device, or an admin’s statement, shows that the device is in the area now.',
  network: 'The device uses a mobile network that belongs to the area, wherever the device is.',
  home: 'The device has its home in the area. While the device is elsewhere, the rule for travelers applies.',
  seat: 'The device belongs to a part of the organization that has its legal seat in the area.',
};

export function ServiceFields({ form, update, touch, problemAt }: Fields) {
  const grave = GRAVE_SERVICES.flatMap((name) => SERVICES.filter((service) => service === name)).filter((service) =>
    form.services.includes(service),
  );
  return (
    <Stack>
      <Checkbox.Group
        label="Services"
        description="Other services stay available. Devices keep their data."
        value={form.services}
        onChange={(chosen) => {
          touch('services');
          update({ services: SERVICES.filter((service) => chosen.includes(service)) });
        }}
        error={problemAt('services')?.text}
        required
      >
        <Stack gap="xs" mt="xs">
          {SHOWN.map((service, index) => (
            <Checkbox
              key={service}
              value={service}
              {...(index === 0 && { id: fieldId('services') })}
              color={GRAVE_SERVICES.includes(service) ? 'red' : 'cordon'}
              label={SERVICE_NAMES[service]}
              description={SERVICE_MEANING[service]}
              className={classes.choice}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      <div aria-live="polite">
        {grave.map((service) => (
          <Alert
            key={service}
            color="red"
            icon={<IconAlertTriangle aria-hidden />}
            title={`This order suspends ${SERVICE_NAMES[service].toLowerCase()}`}
            mb="xs"
          >
            {WHY_GRAVE[service]}
          </Alert>
        ))}
      </div>
    </Stack>
  );
}

export function NexusFields({ form, update, touch, problemAt }: Fields) {
  return (
    <Checkbox.Group
      label="An order affects a device that meets at least one of these conditions"
      description="Most orders affect devices that are located in the area. Select only conditions that the legal instrument (such as a court order or decree) states."
      value={form.nexus}
      onChange={(chosen) => {
        touch('nexus');
        update({ nexus: NEXUS.filter((nexus) => chosen.includes(nexus)) });
      }}
      error={problemAt('nexus')?.text}
      required
    >
      <Stack gap="xs" mt="xs">
        {NEXUS.map((nexus, index) => (
          <Checkbox
            key={nexus}
            value={nexus}
            {...(index === 0 && { id: fieldId('nexus') })}
            label={`Device ${NEXUS_NAMES[nexus]}`}
            description={NEXUS_EXPLAINED[nexus]}
            className={classes.choice}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
