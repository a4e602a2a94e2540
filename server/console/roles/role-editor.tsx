/** Editor of a custom role: name, purpose, and checkboxes by area of work. */
import { Accordion, Alert, Button, Checkbox, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type CustomRoleView, customRoleView, type RightCatalog } from '../../../shared/api/custom-roles.ts';
import { isBuiltIn, ROLES } from '../../../shared/api/roles.ts';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { ROLE_NAMES } from '../people/role-words.ts';
import { customRolesQuery, rightsQuery } from './queries.ts';

/** Rights without which the console does not work for the account. */
const FOR_THE_CONSOLE = [
  'installation.show',
  'health.show',
  'overview.show',
  'alerts.list',
  'areas.list',
  'groups.list',
];

type Area = RightCatalog['areas'][number];

export function RoleEditor({ id }: { readonly id: string | null }) {
  const catalog = useQuery(rightsQuery);
  const roles = useQuery(customRolesQuery);
  return (
    <QueryResult query={catalog}>
      {({ areas }) => (
        <QueryResult query={roles}>
          {({ roles: all }) => <Form areas={areas} roles={all} role={all.find((each) => each.id === id) ?? null} />}
        </QueryResult>
      )}
    </QueryResult>
  );
}

function Form({
  areas,
  roles,
  role,
}: {
  readonly areas: readonly Area[];
  readonly roles: readonly CustomRoleView[];
  readonly role: CustomRoleView | null;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(role?.rights ?? FOR_THE_CONSOLE));
  const saving = useMutation({
    mutationFn: () => {
      const fields = { name: name.trim(), description: description.trim(), rights: [...chosen] };
      return role
        ? call('PATCH', `/roles/${role.id}`, customRoleView, { ...fields, version: role.version })
        : call('POST', '/roles', customRoleView, fields);
    },
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: customRolesQuery.queryKey });
      await navigate({ to: '/roles', search: { role: id } });
    },
  });
  const select = (names: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    for (const each of names) {
      if (on) next.add(each);
      else next.delete(each);
    }
    setChosen(next);
  };
  const copyFrom = (source: string | null) => {
    const rights = areas.flatMap((area) => area.rights).filter(({ excluded }) => excluded === null);
    const copied = source !== null && isBuiltIn(source) ? rights.filter((right) => right.roles.includes(source)) : [];
    const custom = roles.find((each) => each.id === source)?.rights ?? [];
    if (source !== null) setChosen(new Set([...copied.map((right) => right.name), ...custom]));
  };
  return (
    <Page
      title={role ? `Change role ${role.name}` : 'Create role'}
      lead={
        <Text c="dimmed" maw={760}>
          The role has exactly the selected rights. A change applies immediately to all accounts and API tokens with the
          role.
        </Text>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          saving.mutate();
        }}
      >
        <Stack maw={860}>
          <TextInput
            label="Name"
            dir="auto"
            required
            maxLength={60}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <Textarea
            label="Purpose"
            description="Other owners read it before they grant the role."
            dir="auto"
            autosize
            maxLength={300}
            value={description}
            onChange={({ currentTarget }) => setDescription(currentTarget.value)}
          />
          <Select
            label="Copy rights from"
            description="Replaces the selection below. Rights that a custom role cannot contain are left out."
            placeholder="No role"
            data={[
              ...ROLES.map((each) => ({ value: each as string, label: ROLE_NAMES[each] })),
              ...roles
                .filter(({ id }) => id !== role?.id)
                .map((each) => ({ value: each.id as string, label: each.name })),
            ]}
            value={null}
            onChange={copyFrom}
          />
          <Areas areas={areas} chosen={chosen} select={select} />
          {!chosen.has('installation.show') && (
            <Alert color="yellow" title="Not for the console">
              Without the right to open the console, the role suits only API tokens. Select “Open the console” under
              “Server”.
            </Alert>
          )}
          {saving.isError && <Failure error={saving.error} />}
          <Group>
            <Button type="submit" loading={saving.isPending} disabled={chosen.size === 0}>
              {role ? 'Save role' : 'Create role'}
            </Button>
            <ButtonLink to="/roles" search={role ? { role: role.id } : {}} variant="default">
              Cancel
            </ButtonLink>
            <Text size="sm" c="dimmed" role="status">
              {chosen.size === 1 ? '1 right selected' : `${chosen.size} rights selected`}
            </Text>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

function Areas({
  areas,
  chosen,
  select,
}: {
  readonly areas: readonly Area[];
  readonly chosen: ReadonlySet<string>;
  readonly select: (names: readonly string[], on: boolean) => void;
}) {
  return (
    <Accordion multiple variant="separated" defaultValue={['area-0']}>
      {areas.map(({ title, rights }, index) => {
        const possible = rights.filter(({ excluded }) => excluded === null).map(({ name }) => name);
        const count = possible.filter((name) => chosen.has(name)).length;
        return (
          <Accordion.Item key={title} value={`area-${index}`}>
            <Accordion.Control>
              {title}{' '}
              <Text span size="sm" c="dimmed">
                {count} of {possible.length}
              </Text>
            </Accordion.Control>
            <Accordion.Panel>
              <Stack gap="xs">
                {possible.length > 0 && (
                  <Checkbox
                    label={`All rights in “${title}”`}
                    fw={600}
                    checked={count === possible.length}
                    indeterminate={count > 0 && count < possible.length}
                    onChange={({ currentTarget }) => select(possible, currentTarget.checked)}
                  />
                )}
                {rights.map(({ name, text, excluded, whole }) => (
                  <Checkbox
                    key={name}
                    label={text}
                    description={
                      excluded ?? (whole ? `${name}. Works only in a grant without a group or a country.` : name)
                    }
                    checked={chosen.has(name)}
                    disabled={excluded !== null}
                    onChange={({ currentTarget }) => select([name], currentTarget.checked)}
                  />
                ))}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        );
      })}
    </Accordion>
  );
}
