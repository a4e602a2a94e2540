/** Form fields for a role and its optional limits: to one group of devices, or to the orders and devices of one country. */
import { Radio, Select, SimpleGrid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ROLES } from '../../../shared/api/roles.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { AreaSelect } from '../parts/area-select.tsx';
import { customRolesQuery } from '../roles/queries.ts';
import { ROLE_MEANING, ROLE_NAMES } from './role-words.ts';

export interface GrantValues {
  /** Built-in role, or id of a custom role. */
  readonly role: string;
  readonly group: string | null;
  readonly area: string | null;
}

export const NEW_GRANT: GrantValues = { role: 'helpdesk', group: null, area: null };

export function GrantFields({
  value,
  change,
  groups,
}: {
  readonly value: GrantValues;
  readonly change: (value: GrantValues) => void;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
}) {
  const custom = useQuery(customRolesQuery).data?.roles ?? [];
  return (
    <Stack>
      <Radio.Group label="Role" value={value.role} onChange={(role) => change({ ...value, role })}>
        <Stack gap="xs" mt="xs">
          {ROLES.map((role) => (
            <Radio key={role} value={role} label={ROLE_NAMES[role]} description={ROLE_MEANING[role]} />
          ))}
          {custom.map(({ id, name, description, rights }) => (
            <Radio
              key={id}
              value={id}
              label={<UserText>{name}</UserText>}
              description={<UserText>{description || `Custom role with ${rights.length} rights`}</UserText>}
            />
          ))}
        </Stack>
      </Radio.Group>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select
          label="Limit to group"
          description="The role then covers only devices of this group, and no orders."
          data={groups.map(({ id, name }) => ({ value: id, label: name }))}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': 'Clear selection' }}
          value={value.group}
          onChange={(group) => change({ ...value, group })}
        />
        <AreaSelect
          label="Limit to country"
          description="The role then covers only orders for this area, and devices with this home area."
          value={value.area}
          onChange={(area) => change({ ...value, area })}
        />
      </SimpleGrid>
    </Stack>
  );
}
