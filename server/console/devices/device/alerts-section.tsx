import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { alertName } from '../../words/devices.ts';
import { alertsQuery } from '../queries.ts';
import classes from './device.module.css';
import { ShortList } from './short-list.tsx';

/** Grave alerts are at the top, so that many ordinary alerts cannot hide them. */
const graveFirst = <A extends { readonly severity: 'grave' | 'ordinary' }>(alerts: readonly A[]): A[] => [
  ...alerts.filter(({ severity }) => severity === 'grave'),
  ...alerts.filter(({ severity }) => severity !== 'grave'),
];

export function AlertsSection({ id }: { readonly id: string }) {
  const may = useMay();
  const query = useQuery({ ...alertsQuery(id), enabled: may('alerts.list') });
  if (!may('alerts.list')) return null;
  return (
    <Section title="Alerts">
      <QueryResult query={query} lines={2}>
        {({ alerts }) =>
          alerts.length === 0 ? (
            <Text c="dimmed">No alerts. The device reported no problems.</Text>
          ) : (
            <ShortList items={graveFirst(alerts)} few={4} noun="alerts">
              {(shown) => (
                <ul className={classes.list}>
                  {shown.map((alert) => (
                    <li key={alert.id}>
                      <Text size="sm" fw={600}>
                        {alertName(alert.code)}
                        {alert.count > 1 && ` (${alert.count} times)`}
                      </Text>
                      <Text size="sm">
                        <UserText>{alert.detail}</UserText>
                      </Text>
                      <Text size="xs" c="dimmed">
                        {alert.count > 1 && (
                          <>
                            <Moment at={alert.firstAt} /> –{' '}
                          </>
                        )}
                        <Moment at={alert.at} /> · {alert.severity === 'grave' && 'possible attack · '}{' '}
                        <span className={classes.mono}>{alert.code}</span>
                      </Text>
                    </li>
                  ))}
                </ul>
              )}
            </ShortList>
          )
        }
      </QueryResult>
    </Section>
  );
}
