/** Roles: the built-in roles, the custom roles of the organization, and the rights of each. */
import { Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ROLES } from '../../../shared/api/roles.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { ROLE_MEANING, ROLE_NAMES } from '../people/role-words.ts';
import { customRolesQuery } from './queries.ts';
import { RoleDetails } from './role-details.tsx';
import { RoleEditor } from './role-editor.tsx';

const route = getRouteApi('/roles');

export function RolesPage() {
  const { role, edit } = route.useSearch();
  if (edit) return <RoleEditor key={role ?? 'new'} id={role ?? null} />;
  if (role !== undefined) return <RoleDetails key={role} id={role} />;
  return <RoleList />;
}

function RoleList() {
  const may = useMay();
  const roles = useQuery(customRolesQuery);
  const create = may('roles.create') && (
    <ButtonLink to="/roles" search={{ edit: true }}>
      Create role
    </ButtonLink>
  );
  return (
    <Page
      title="Roles"
      lead={
        <Text c="dimmed" maw={760}>
          A role is a set of rights. Owners grant roles to accounts, for everything or for one group or country.
        </Text>
      }
      actions={create}
    >
      <Section title="Custom roles">
        <QueryResult query={roles}>
          {({ roles: all }) =>
            all.length === 0 ? (
              <Empty title="No custom roles" action={create}>
                If no built-in role fits, an owner creates a role with exactly the rights that a task needs.
              </Empty>
            ) : (
              <List>
                {all.map(({ id, name, description, rights }) => (
                  <Row key={id} id={id} name={name} text={description} count={rights.length} />
                ))}
              </List>
            )
          }
        </QueryResult>
      </Section>
      <Section title="Built-in roles">
        <List>
          {ROLES.map((role) => (
            <Row key={role} id={role} name={ROLE_NAMES[role]} text={ROLE_MEANING[role]} />
          ))}
        </List>
      </Section>
    </Page>
  );
}

function List({ children }: { readonly children: React.ReactNode }) {
  return (
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {children}
    </Stack>
  );
}

function Row({
  id,
  name,
  text,
  count,
}: {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly count?: number;
}) {
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" gap="sm">
        <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
          <PageLink to="/roles" search={{ role: id }} fw={600}>
            <UserText>{name}</UserText>
          </PageLink>
          {text !== '' && (
            <Text size="sm">
              <UserText>{text}</UserText>
            </Text>
          )}
        </div>
        {count !== undefined && (
          <Text size="sm" c="dimmed">
            {count === 1 ? '1 right' : `${count} rights`}
          </Text>
        )}
      </Group>
    </Paper>
  );
}
