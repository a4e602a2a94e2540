/** Software of a device, and the advisories that affect it. */
import { Badge, Group, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { useMay } from '../../client/session.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Section } from '../../parts/page.tsx';
import { deviceAdvisoriesQuery, deviceSoftwareQuery } from '../queries.ts';
import classes from './device.module.css';
import { ShortList } from './short-list.tsx';

const FEW = 5;

export function SoftwareSection({ id }: { readonly id: string }) {
  const may = useMay();
  if (!may('devices.software')) return null;
  return (
    <Section title="Software">
      {may('devices.advisories') && <Advisories id={id} />}
      <Packages id={id} />
    </Section>
  );
}

function Advisories({ id }: { readonly id: string }) {
  const query = useQuery(deviceAdvisoriesQuery(id));
  return (
    <QueryResult query={query} lines={1}>
      {({ advisories }) =>
        advisories.length === 0 ? (
          <Text size="sm" c="dimmed">
            No imported advisory affects this device.
          </Text>
        ) : (
          <ShortList items={advisories} few={3} noun="advisories">
            {(shown) => (
              <ul className={classes.list} aria-label="Advisories">
                {shown.map(({ id: advisory, summary, packages }) => (
                  <li key={advisory}>
                    <Group gap="xs">
                      <PageLink to="/software/advisories/$id" params={{ id: advisory }} size="sm">
                        <UserText>{advisory}</UserText>
                      </PageLink>
                      <Badge color="red" variant="light">
                        Affected
                      </Badge>
                    </Group>
                    <Text size="sm">
                      <UserText>{summary}</UserText>
                    </Text>
                    <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                      <UserText>{packages.map(({ name, version }) => `${name} ${version}`).join(', ')}</UserText>
                    </Text>
                  </li>
                ))}
              </ul>
            )}
          </ShortList>
        )
      }
    </QueryResult>
  );
}

function Packages({ id }: { readonly id: string }) {
  const [text, setText] = useState('');
  const query = useQuery(deviceSoftwareQuery(id));
  return (
    <QueryResult query={query} lines={3}>
      {({ software }) => {
        if (software === null) {
          return (
            <Text c="dimmed">
              The device has not reported its software. It reports when it connects, unless the section “Software” is
              switched off.
            </Text>
          );
        }
        const found = software.filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase()));
        return (
          <>
            <TextInput
              label={`Search ${software.length.toLocaleString('en')} packages`}
              value={text}
              maxLength={128}
              onChange={({ currentTarget }) => setText(currentTarget.value)}
            />
            <ShortList key={text} items={found} few={FEW} noun="packages">
              {(shown) => (
                <ul className={classes.list} aria-label="Packages">
                  {shown.map(({ source, name, version }) => (
                    <li key={`${source} ${name} ${version}`}>
                      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                        <UserText>{name}</UserText>{' '}
                        <Text span c="dimmed">
                          <UserText>{version}</UserText> ({source})
                        </Text>
                      </Text>
                    </li>
                  ))}
                </ul>
              )}
            </ShortList>
          </>
        );
      }}
    </QueryResult>
  );
}
