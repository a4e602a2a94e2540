import type { Command } from 'commander';
import { type PersonView, personPage, personView } from '../../shared/api/people.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf, valueOrNone } from './cli.ts';
import { type Client, queryOf } from './client.ts';
import { table, when } from './output.ts';

interface AddOptions {
  readonly group: string[];
  readonly email?: string;
  readonly directoryId?: string;
}

interface ChangeOptions {
  readonly name?: string;
  readonly email?: string;
  readonly group?: string[];
  readonly directoryId?: string;
  readonly status?: string;
}

const HEAD = ['id', 'name', 'e-mail', 'groups', 'status', 'devices', 'account'];
const row = ({ id, name, email, groups, status, devices, account }: PersonView) => [
  id,
  name,
  email,
  groups.map((group) => group.name).join(', '),
  status,
  devices,
  account ? 'yes' : null,
];

export function addPeopleCommands(program: Command, cli: Cli): void {
  const people = commandOf(program, 'people');
  people
    .command('add')
    .description('Add a person. Names need not be unique')
    .argument('<name>')
    .requiredOption('--group <group...>', 'ids or names of groups')
    .option('--email <address>')
    .option('--directory-id <id>', "Identifier in the organization's directory")
    .action(async (name: string, { group: groups, ...rest }: AddOptions) => {
      const person = await cli.client().call(personView, 'POST', '/people', { name, groups, ...rest });
      cli.out().show(person, [person.id]);
    });
  people
    .command('list')
    .description('List people by name. --cursor shows the next page')
    .option('--text <text>', 'search in name, e-mail and id')
    .option('--group <group>')
    .option('--status <status>', 'status: active or disabled')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .action(async (options: Record<string, string>) => {
      const page = await cli.client().call(personPage, 'GET', `/people${queryOf(options)}`);
      const more = page.cursor === null ? [] : [`Next page: --cursor '${page.cursor}'`];
      cli.out().show(page, [...table(HEAD, page.people.map(row)), ...more]);
    });
  people
    .command('show')
    .argument('<person>', 'id or name of the person')
    .action(async (id: string) => {
      const person = await cli.client().call(personView, 'GET', `/people/${encodeURIComponent(id)}`);
      cli
        .out()
        .show(person, [
          ...table(HEAD, [row(person)]),
          `added ${when(person.createdAt)}`,
          ...(person.directoryId === null ? [] : [`directory id ${plain(person.directoryId)}`]),
        ]);
    });
  people
    .command('change')
    .description("Change a person. --group replaces all of the person's groups")
    .argument('<person>', 'id or name of the person')
    .option('--name <name>')
    .option('--email <address>', 'new e-mail address, or "none"')
    .option('--group <group...>')
    .option('--directory-id <id>', 'new directory id, or "none"')
    .option('--status <status>', 'status: active or disabled. Disabling cancels open activation codes')
    .action(async (id: string, { name, email, group: groups, directoryId, status }: ChangeOptions) => {
      const body = { name, email: valueOrNone(email), groups, directoryId: valueOrNone(directoryId), status };
      const person = await cli.client().call(personView, 'PATCH', `/people/${encodeURIComponent(id)}`, body);
      cli.out().show(person, table(HEAD, [row(person)]));
    });
}

/**
 * Person for whom an activation code is created: an existing person by id, or a new person by name. A name never selects an existing
 * person.
 */
export async function personForCode(
  client: Client,
  { person, user, group }: { readonly person?: string; readonly user?: string; readonly group: string },
): Promise<string> {
  if ((person === undefined) === (user === undefined)) {
    throw new CordonError('invalid_input', 'Name the person with --person ID, or add a new person with --user NAME.');
  }
  if (person !== undefined) return person;
  const name = user ?? '';
  const { people } = await client.call(personPage, 'GET', `/people${queryOf({ name, limit: '10' })}`);
  if (people.length > 0) {
    const known = people.map(({ id, email, groups }) =>
      [id, ...(email === null ? [] : [plain(email)]), ...groups.map((each) => plain(each.name))].join(', '),
    );
    throw new CordonError(
      'conflict',
      `There is a person named ${plain(name)} already: ${known.join('; ')}. Use --person ID for this person. Add another person of the same name with cordon people add.`,
    );
  }
  return (await client.call(personView, 'POST', '/people', { name, groups: [group] })).id;
}
