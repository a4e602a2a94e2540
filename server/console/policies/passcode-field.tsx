/** Fields for the passcode of the workspace. */
import { Group, NumberInput, Stack, Text } from '@mantine/core';
import type { PasscodeSetting } from '../../../shared/policy/passcode-setting.ts';

export const INITIAL_PASSCODE: PasscodeSetting = { minimumLength: 8, autoLockMinutes: 15, attempts: 10 };

const FIELDS = [
  { name: 'minimumLength', label: 'Minimum length', min: 6, max: 64 },
  { name: 'autoLockMinutes', label: 'Auto-lock after minutes without input', min: 1, max: 720 },
  { name: 'attempts', label: 'Wrong passcodes until an admin must reset it', min: 3, max: 20 },
] as const;

export function PasscodeField({
  title,
  value,
  change,
}: {
  readonly title: string;
  readonly value: unknown;
  readonly change: (value: unknown) => void;
}) {
  const values: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  return (
    <Stack gap="xs">
      <Group align="flex-end" gap="sm">
        {FIELDS.map(({ name, label, min, max }) => {
          const present = values[name];
          return (
            <NumberInput
              key={name}
              label={label}
              aria-label={`${title}: ${label}`}
              min={min}
              max={max}
              allowDecimal={false}
              value={typeof present === 'number' ? present : ''}
              onChange={(next) => change({ ...values, [name]: typeof next === 'number' ? next : undefined })}
            />
          );
        })}
      </Group>
      <Text size="sm" c="dimmed">
        Messages and mail wait after each start of the device until the user enters the passcode. A short passcode of
        digits can be guessed with a stolen disk. Mail of other mail programs lies unencrypted on the disk.
      </Text>
    </Stack>
  );
}
