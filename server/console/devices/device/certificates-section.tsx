/** Certificates of a device. Their expiry depends on the system clock, even if the demo has advanced the server clock. */
import { Badge, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { useNow } from '../../client/server-time.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { certificatesQuery } from '../queries.ts';
import { certificateState } from './certificate-state.ts';
import classes from './device.module.css';
import { ShortList } from './short-list.tsx';

const STATES = {
  used: { label: 'In use', color: 'green' },
  replaced: { label: 'Replaced', color: 'gray' },
  revoked: { label: 'Revoked', color: 'red' },
  expired: { label: 'Expired', color: 'gray' },
} as const;

export function CertificatesSection({ id, generation }: { readonly id: string; readonly generation: number }) {
  const may = useMay();
  const now = useNow(10_000);
  const query = useQuery({ ...certificatesQuery(id), enabled: may('devices.certificates') });
  if (!may('devices.certificates')) return null;
  return (
    <Section title="Certificates">
      <QueryResult query={query} lines={3}>
        {({ certificates }) =>
          certificates.length === 0 ? (
            <Text c="dimmed">No certificates. The device receives a certificate when it enrolls.</Text>
          ) : (
            <ShortList items={certificates} few={3} noun="certificates">
              {(shown) => (
                <ul className={classes.list}>
                  {shown.map((certificate) => {
                    const end = certificate.revokedAt ?? certificate.notAfter;
                    const { label, color } = STATES[certificateState(certificate, now)];
                    return (
                      <li key={certificate.serial}>
                        <Group justify="space-between" gap="xs" wrap="nowrap">
                          <Text size="sm">
                            {end > now ? 'Expires' : 'Expired'} <Moment at={end} now={now} />
                            {certificate.generation !== null &&
                              certificate.generation !== generation &&
                              `, from enrollment ${certificate.generation}`}
                          </Text>
                          <Badge color={color}>{label}</Badge>
                        </Group>
                        <Text size="xs" c="dimmed">
                          Serial number <span className={classes.mono}>{certificate.serial}</span>
                        </Text>
                        <Text size="xs" c="dimmed">
                          SHA-256 <span className={classes.mono}>{certificate.fingerprint}</span>
                        </Text>
                      </li>
                    );
                  })}
                </ul>
              )}
            </ShortList>
          )
        }
      </QueryResult>
    </Section>
  );
}
