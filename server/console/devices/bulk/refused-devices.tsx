import { Alert, List, Text } from '@mantine/core';
import type { DeviceActionImpact } from '../../../../shared/api/device-actions.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';

const SHOWN = 5;

/** Devices that the server would refuse, by reason. */
export function RefusedDevices({ refused, names }: Pick<DeviceActionImpact, 'refused' | 'names'>) {
  if (refused.length === 0) return null;
  const total = refused.reduce((sum, { count }) => sum + count, 0);
  return (
    <Alert
      color="yellow"
      title={total === 1 ? '1 device is left out' : `${total.toLocaleString('en')} devices are left out`}
    >
      <List size="sm" listStyleType="none" spacing={4} aria-label="Devices that are left out">
        {refused.map(({ reason, text, count, sample }) => (
          <List.Item key={reason}>
            <Text size="sm">
              {count.toLocaleString('en')}: {text}
            </Text>
            <Text size="sm">
              {sample.slice(0, SHOWN).map((id, index) => (
                <span key={id}>
                  {index > 0 && ', '}
                  <UserText>{names[id]?.user ?? id}</UserText>
                </span>
              ))}
              {count > SHOWN && ` and ${(count - SHOWN).toLocaleString('en')} more`}
            </Text>
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
