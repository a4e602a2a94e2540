/** Details of a role: its rights beside those of another role. For a custom role, also its accounts and its history. */
import { Badge, Button, Group, Paper, Select, Stack, Table, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { CustomRoleDetail, CustomRoleView, RightCatalog } from '../../../shared/api/custom-roles.ts';
import { isBuiltIn, ROLES } from '../../../shared/api/roles.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { RealDate } from '../parts/words.tsx';
import { accountsQuery } from '../people/accounts.tsx';
import { limitOf, ROLE_MEANING, ROLE_NAMES } from '../people/role-words.ts';
import { customRoleQuery, customRolesQuery, rightsQuery } from './queries.ts';

interface ComparedRole {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly rights: ReadonlySet<string>;
}

/** Role with this id or built-in name; null for a deleted role. */
function roleOf(id: string, { areas }: RightCatalog, custom: readonly CustomRoleView[]): ComparedRole | null {
  if (isBuiltIn(id)) {
    const rights = areas.flatMap((area) => area.rights).filter(({ roles }) => roles.includes(id));
    return {
      id,
      name: ROLE_NAMES[id],
      description: ROLE_MEANING[id],
      rights: new Set(rights.map(({ name }) => name)),
    };
  }
  const found = custom.find((role) => role.id === id);
  return found ? { ...found, rights: new Set(found.rights) } : null;
}

export function RoleDetails({ id }: { readonly id: string }) {
  const may = useMay();
  const catalog = useQuery(rightsQuery);
  const custom = useQuery(customRolesQuery).data?.roles;
  const detail = useQuery({ ...customRoleQuery(id), enabled: !isBuiltIn(id) && may('roles.show') });
  const [other, setOther] = useState<string | null>(null);
  return (
    <QueryResult query={catalog}>
      {(rights) => {
        if (custom === undefined) return null;
        const role = roleOf(id, rights, custom);
        if (role === null) return <Missing />;
        const compared = other === null ? null : roleOf(other, rights, custom);
        const choices = [
          ...ROLES.map((each) => ({ value: each as string, label: ROLE_NAMES[each] })),
          ...custom.map((each) => ({ value: each.id as string, label: each.name })),
        ].filter(({ value }) => value !== id);
        return (
          <Page title={role.name} lead={role.description} actions={!isBuiltIn(id) && <Actions role={role} />}>
            <Section title="Rights">
              <Select
                label="Compare with"
                placeholder="No other role"
                maw={320}
                data={choices}
                value={other}
                onChange={setOther}
                clearable
                clearButtonProps={{ 'aria-label': 'Clear selection' }}
              />
              <Rights catalog={rights} role={role} other={compared} />
            </Section>
            {detail.data && <Uses role={detail.data} />}
            {detail.data && <History role={detail.data} />}
          </Page>
        );
      }}
    </QueryResult>
  );
}

const Missing = () => (
  <Page title="Role">
    <Empty title="This role does not exist" action={<ButtonLink to="/roles">Show roles</ButtonLink>}>
      An owner may have deleted the role. Open the list of roles.
    </Empty>
  </Page>
);

function Actions({ role }: { readonly role: ComparedRole }) {
  const may = useMay();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  if (!may('roles.update')) return null;
  return (
    <>
      <ButtonLink to="/roles" search={{ role: role.id, edit: true }} variant="default">
        Change role
      </ButtonLink>
      <Button variant="default" onClick={() => setRemoving(true)}>
        Delete role
      </Button>
      <Confirm
        title="Delete role"
        opened={removing}
        close={() => setRemoving(false)}
        verb="Delete role"
        grave
        act={async () => {
          await call('DELETE', `/roles/${role.id}`, done);
          await navigate({ to: '/roles' });
          await client.invalidateQueries({ queryKey: customRolesQuery.queryKey });
        }}
      >
        <Text>
          The server deletes the role <UserText>{role.name}</UserText>, if no account, invitation, API token or group of
          the identity provider uses it.
        </Text>
      </Confirm>
    </>
  );
}

function Rights({
  catalog,
  role,
  other,
}: {
  readonly catalog: RightCatalog;
  readonly role: ComparedRole;
  readonly other: ComparedRole | null;
}) {
  const columns = other ? [role, other] : [role];
  // Without a comparison, the table lists only rights that the role has.
  const shown = other ? columns : [];
  const areas = catalog.areas
    .map(({ title, rights }) => ({
      title,
      rights: rights.filter(({ name }) => columns.some((each) => each.rights.has(name))),
    }))
    .filter(({ rights }) => rights.length > 0);
  return areas.map(({ title, rights }) => (
    <Table.ScrollContainer key={title} minWidth={280}>
      <Table captionSide="top" layout="fixed">
        <Table.Caption style={{ textAlign: 'start', fontWeight: 600 }}>{title}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Right</Table.Th>
            {shown.map(({ id, name }) => (
              <Table.Th key={id} scope="col" w={110} style={{ overflowWrap: 'anywhere' }}>
                <UserText>{name}</UserText>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rights.map(({ name, text }) => (
            <Table.Tr key={name}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                {text}{' '}
                <Text span size="xs" c="dimmed">
                  {name}
                </Text>
              </Table.Td>
              {shown.map(({ id, rights: held }) => (
                <Table.Td key={id}>
                  {held.has(name) ? (
                    <Badge color="green">Yes</Badge>
                  ) : (
                    <Text span size="sm" c="dimmed">
                      No
                    </Text>
                  )}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  ));
}

function Uses({ role: { grants, tokens, providerGroups } }: { readonly role: CustomRoleDetail }) {
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const groupName = (id: string) => groups.find((group) => group.id === id)?.name ?? 'a deleted group';
  const lines = [
    ...grants.map(({ account, name, group, area, invited, source }) => ({
      key: `${account} ${group} ${area}`,
      name,
      text: [
        limitOf({ group, area }, groupName) ?? 'everything',
        invited && 'invited',
        source === 'provider' && 'from the identity provider',
      ]
        .filter(Boolean)
        .join(', '),
    })),
    ...tokens.map(({ id, name }) => ({ key: id, name, text: 'API token' })),
    ...providerGroups.map((name) => ({ key: `group ${name}`, name, text: 'group of the identity provider' })),
  ];
  return (
    <Section title="Who has this role">
      {lines.length === 0 ? (
        <Empty
          title="Not in use"
          action={
            <ButtonLink to="/people" variant="default">
              Show accounts
            </ButtonLink>
          }
        >
          Grant the role to an account, or name it in an invitation.
        </Empty>
      ) : (
        <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
          {lines.map(({ key, name, text }) => (
            <Paper key={key} component="li" withBorder p="sm">
              <Group gap="xs">
                <Text fw={500}>
                  <UserText>{name}</UserText>
                </Text>
                <Text size="sm" c="dimmed">
                  <UserText>{text}</UserText>
                </Text>
              </Group>
            </Paper>
          ))}
        </Stack>
      )}
    </Section>
  );
}

function History({ role: { versions } }: { readonly role: CustomRoleDetail }) {
  const may = useMay();
  const accounts = useQuery({ ...accountsQuery, enabled: may('accounts.list') }).data?.accounts ?? [];
  const nameOf = (id: string) => accounts.find((account) => account.id === id)?.name ?? id;
  return (
    <Section title="History">
      <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
        {versions.map(({ version, rights, changedBy, at }, index) => {
          const before = versions[index + 1];
          const added = before ? rights.filter((name) => !before.rights.includes(name)) : [];
          const removed = before ? before.rights.filter((name) => !rights.includes(name)) : [];
          return (
            <Paper key={version} component="li" withBorder p="sm" style={{ overflowWrap: 'anywhere' }}>
              <Text fw={500}>
                Version {version}, {rights.length === 1 ? '1 right' : `${rights.length} rights`}
              </Text>
              {added.length > 0 && <Text size="sm">Added: {added.join(', ')}</Text>}
              {removed.length > 0 && <Text size="sm">Removed: {removed.join(', ')}</Text>}
              <Text size="sm" c="dimmed">
                <UserText>{nameOf(changedBy)}</UserText>, <RealDate at={at} />
              </Text>
            </Paper>
          );
        })}
      </Stack>
    </Section>
  );
}
