/** What the device, or the server about it, has raised for an admin to see. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Given } from '../../../../shared/look/given.tsx';
import { Answer } from '../../../../shared/look/states.tsx';
import { useMay } from '../../client/session.tsx';
import { Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/words.tsx';
import { alarmName } from '../../words/devices.ts';
import { alarmsQuestion } from '../queries.ts';
import classes from './device.module.css';
import { FewAtFirst } from './few-at-first.tsx';

/** A flood of other alarms does not push these out of sight. */
const graveFirst = <A extends { readonly severity: 'grave' | 'ordinary' }>(alarms: readonly A[]): A[] => [
  ...alarms.filter(({ severity }) => severity === 'grave'),
  ...alarms.filter(({ severity }) => severity !== 'grave'),
];

export function AlarmsSection({ id }: { readonly id: string }) {
  const may = useMay();
  const query = useQuery({ ...alarmsQuestion(id), enabled: may('alarms.list') });
  if (!may('alarms.list')) return null;
  return (
    <Section title="Alarms">
      <Answer query={query} lines={2}>
        {({ alarms }) =>
          alarms.length === 0 ? (
            <Text c="dimmed">None.</Text>
          ) : (
            <FewAtFirst items={graveFirst(alarms)} few={4} noun="alarms">
              {(shown) => (
                <ul className={classes.list}>
                  {shown.map((alarm) => (
                    <li key={alarm.id}>
                      <Text size="sm" fw={600}>
                        {alarmName(alarm.code)}
                        {alarm.count > 1 && ` (${alarm.count} times)`}
                      </Text>
                      <Text size="sm">
                        <Given>{alarm.detail}</Given>
                      </Text>
                      <Text size="xs" c="dimmed">
                        {alarm.count > 1 && (
                          <>
                            <Moment at={alarm.firstAt} /> –{' '}
                          </>
                        )}
                        <Moment at={alarm.at} /> · {alarm.severity === 'grave' && 'may mean an attack · '}{' '}
                        <span className={classes.mono}>{alarm.code}</span>
                      </Text>
                    </li>
                  ))}
                </ul>
              )}
            </FewAtFirst>
          )
        }
      </Answer>
    </Section>
  );
}
