/** What is shut, and for whom. Services that take the operator's own hands off devices are in red as soon as they are chosen. */
import { Alert, Checkbox, Stack } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { NEXUS, type Nexus, SERVICES, type Service } from '../../../../shared/verdict/terms.ts';
import { NEXUS_NAMES, SERVICE_MEANING, SERVICE_NAMES } from '../../words/orders.ts';
import { GRAVE_SERVICES } from '../order-words.tsx';
import classes from './fields.module.css';
import { type Fields, fieldId } from './use-order-form.ts';

const WHY_GRAVE: Readonly<Partial<Record<Service, string>>> = {
  management:
    'Shutting management leaves these devices alone: they cannot be locked, wiped or told anything but the order itself, also when one is lost or stolen. Hardly any order asks for it.',
  enrolment:
    'Shutting enrolment keeps new devices out, and also a device that has to be set up again after a repair or a theft. Messages and mail can be shut without it.',
};

/** The usual ones first. */
const SHOWN: readonly Service[] = [...SERVICES].sort(
  (a, b) => Number(GRAVE_SERVICES.includes(a)) - Number(GRAVE_SERVICES.includes(b)),
);

const NEXUS_EXPLAINED: Readonly<Record<Nexus, string>> = {
  present: 'Its position, its address on the internet, its mobile network or an admin’s word say that it is there now.',
  network: 'The mobile network that serves it is of there, wherever it stands itself.',
  home: 'It is recorded as at home there, also while it travels if the rule below says so.',
  seat: 'The part of the company that it belongs to is seated there.',
};

export function WhatFields({ form, update, touch, problemAt }: Fields) {
  const grave = GRAVE_SERVICES.flatMap((name) => SERVICES.filter((service) => service === name)).filter((service) =>
    form.services.includes(service),
  );
  return (
    <Stack>
      <Checkbox.Group
        label="Services"
        description="What is not named goes on. Nothing that is on a device is taken from it."
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
            title={`This order names ${SERVICE_NAMES[service].toLowerCase()}`}
            mb="xs"
          >
            {WHY_GRAVE[service]}
          </Alert>
        ))}
      </div>
    </Stack>
  );
}

export function WhomFields({ form, update, touch, problemAt }: Fields) {
  return (
    <Checkbox.Group
      label="A device is affected when any of these is so"
      description="Most orders are about devices that are there. Choose what the instrument says, and no more."
      value={form.nexus}
      onChange={(chosen) => {
        touch('nexus');
        update({ nexus: NEXUS.filter((tie) => chosen.includes(tie)) });
      }}
      error={problemAt('nexus')?.text}
      required
    >
      <Stack gap="xs" mt="xs">
        {NEXUS.map((tie, index) => (
          <Checkbox
            key={tie}
            value={tie}
            {...(index === 0 && { id: fieldId('nexus') })}
            label={`It ${NEXUS_NAMES[tie]}`}
            description={NEXUS_EXPLAINED[tie]}
            className={classes.choice}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
