/** Bar with the number of devices for each kind of change between two revisions. A click on a number filters the device list. */
import { Group, Text, UnstyledButton } from '@mantine/core';
import { IMPACT_CHANGES, type ImpactChange } from '../../../../shared/api/impact-classes.ts';
import { CHANGE_NAMES } from '../impact-words.ts';
import classes from './rehearsal.module.css';

export function ChangeBar({
  changes,
  chosen,
  choose,
}: {
  readonly changes: Readonly<Record<ImpactChange, number>>;
  readonly chosen: ImpactChange | null;
  readonly choose: (chosen: ImpactChange | undefined) => void;
}) {
  if (IMPACT_CHANGES.every((one) => changes[one] === 0)) {
    return <Text size="sm">Both revisions affect the current devices in the same way.</Text>;
  }
  return (
    <Group gap="sm">
      {IMPACT_CHANGES.map((one) => (
        <UnstyledButton
          key={one}
          className={classes.change}
          data-change={one}
          aria-pressed={chosen === one}
          disabled={changes[one] === 0 && chosen !== one}
          onClick={() => choose(chosen === one ? undefined : one)}
        >
          <span className={classes.number}>{changes[one].toLocaleString('en')}</span> <span>{CHANGE_NAMES[one]}</span>
        </UnstyledButton>
      ))}
    </Group>
  );
}
