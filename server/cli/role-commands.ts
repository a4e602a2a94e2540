/** `cordon roles`: custom roles and the catalog of rights. */
import type { Command } from 'commander';
import {
  type CustomRoleDetail,
  customRoleDetail,
  customRoleList,
  customRoleView,
  rightCatalogView,
} from '../../shared/api/custom-roles.ts';
import { isBuiltIn } from '../../shared/api/roles.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { table, when } from './output.ts';
import { customRoleNamed } from './role-names.ts';

interface ChangeOptions {
  readonly name?: string;
  readonly description?: string;
  readonly right?: readonly string[];
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

export function addRoleCommands(program: Command, cli: Cli): void {
  const roles = commandOf(program, 'roles');
  roles
    .command('list')
    .description('List custom roles')
    .action(async () => {
      const view = await cli.client().call(customRoleList, 'GET', '/roles');
      const rows = view.roles.map(({ id, name, version, rights, description }) => [
        id,
        name,
        version,
        rights.length,
        description || null,
      ]);
      cli.out().show(view.roles, table(['id', 'name', 'version', 'rights', 'description'], rows));
    });
  roles
    .command('rights')
    .description('List all rights with their meaning and the built-in roles that have them')
    .option('--role <role>', 'only the rights of this built-in role')
    .action(async ({ role }: { role?: string }) => {
      if (role !== undefined && !isBuiltIn(role)) {
        throw new CordonError('invalid_input', `There is no built-in role ${role}. Use "cordon roles show" instead.`);
      }
      const view = await cli.client().call(rightCatalogView, 'GET', '/rights');
      const lines = view.areas.flatMap(({ title, rights }) => {
        const listed = rights.filter((right) => role === undefined || right.roles.some((each) => each === role));
        const rows = listed.map(({ name, text, roles: built, excluded }) => [
          name,
          text,
          built.join(' '),
          excluded === null ? 'yes' : 'no',
        ]);
        return listed.length === 0 ? [] : [title, ...table(['right', 'meaning', 'built-in roles', 'custom'], rows), ''];
      });
      cli.out().show(view.areas, lines);
    });
  roles
    .command('show')
    .description('Show a custom role: its rights, its history, and the accounts and tokens that have it')
    .argument('<role>', 'name or id')
    .action(async (role: string) => {
      const client = cli.client();
      const [detail, { areas }] = await Promise.all([
        client.call(customRoleDetail, 'GET', await pathOf(cli, role)),
        client.call(rightCatalogView, 'GET', '/rights'),
      ]);
      const texts = new Map(areas.flatMap(({ rights }) => rights.map(({ name, text }) => [name, text])));
      cli.out().show(detail, detailLines(detail, texts));
    });
  roles
    .command('create')
    .description('Create a custom role. "cordon roles rights" lists the rights')
    .argument('<name>')
    .requiredOption('--right <right...>', 'names of rights')
    .option('--description <text>', 'purpose of the role')
    .action(async (name: string, { right, description }: { right: string[]; description?: string }) => {
      const body = { name, rights: right, ...(description !== undefined && { description }) };
      const made = await cli.client().call(customRoleView, 'POST', '/roles', body);
      cli.out().show(made, [`${made.id}: ${plain(made.name)}`]);
    });
  roles
    .command('change')
    .description('Change a custom role. The change applies to all sessions and tokens immediately')
    .argument('<role>', 'name or id')
    .option('--name <name>', 'new name')
    .option('--description <text>', 'new purpose')
    .option('--right <right...>', 'all rights of the role')
    .option('--add <right...>', 'rights to add')
    .option('--remove <right...>', 'rights to remove')
    .action(async (role: string, options: ChangeOptions) => {
      const client = cli.client();
      const path = await pathOf(cli, role);
      const before = (await client.call(customRoleList, 'GET', '/roles')).roles.find(({ id }) => path.endsWith(id));
      if (!before)
        throw new CordonError('not_found', `There is no role ${role}. List the roles with "cordon roles list".`);
      const { name, description, right = before.rights, add = [], remove = [] } = options;
      const rights = [...right, ...add].filter((each) => !remove.includes(each));
      const body = {
        version: before.version,
        rights: [...new Set(rights)],
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description }),
      };
      const changed = await client.call(customRoleView, 'PATCH', path, body);
      cli.out().show(changed, [`${changed.id}: ${plain(changed.name)}, version ${changed.version}`]);
    });
  roles
    .command('delete')
    .description('Delete a custom role that nothing uses')
    .argument('<role>', 'name or id')
    .action(async (role: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', await pathOf(cli, role)), ['Deleted.']);
    });
}

const pathOf = async (cli: Cli, role: string): Promise<string> =>
  `/roles/${encodeURIComponent(await customRoleNamed(cli.client(), role))}`;

function detailLines(role: CustomRoleDetail, texts: ReadonlyMap<string, string>): string[] {
  const uses = [
    ...role.grants.map(({ account, name, group, area, invited, source }) => [
      invited ? 'invitation' : 'account',
      account,
      name,
      [group, area].filter(Boolean).join(' ') || 'everything',
      source === 'provider' ? 'identity provider' : 'owner',
    ]),
    ...role.tokens.map(({ id, name, account }) => ['token', id, name, account, null]),
    ...role.providerGroups.map((group) => ['group of the identity provider', group, null, null, null]),
  ];
  return [
    `${role.id}: ${plain(role.name)}, version ${role.version}`,
    ...(role.description === '' ? [] : [plain(role.description)]),
    '',
    ...table(
      ['right', 'meaning'],
      role.rights.map((name) => [name, texts.get(name) ?? null]),
    ),
    '',
    ...table(['used by', 'id', 'name', 'scope', 'from'], uses),
    '',
    ...table(
      ['version', 'name', 'rights', 'changed by', 'time'],
      role.versions.map(({ version, name, rights, changedBy, at }) => [
        version,
        name,
        rights.length,
        changedBy,
        when(at),
      ]),
    ),
  ];
}
