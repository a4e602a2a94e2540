/** people: the users of devices and the holders of accounts, each a record with an identifier. */
import type { Command } from 'commander';
import { type PersonView, personPage, personView } from '../../shared/api/people.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import type { Client } from './client.ts';
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
  const people = program.command('people').description('people: users of devices and holders of accounts');
  people
    .command('add')
    .description('add a person; another person may have the same name')
    .argument('<name>')
    .requiredOption('--group <group...>', 'ids of the groups of the person')
    .option('--email <address>')
    .option('--directory-id <id>', "the person's identifier in the organization's directory")
    .action(async (name: string, { group: groups, ...rest }: AddOptions) => {
      const person = await cli.client().call(personView, 'POST', '/people', { name, groups, ...rest });
      cli.out().show(person, [person.id]);
    });
  people
    .command('list')
    .description('by name; --cursor takes the next page')
    .option('--text <text>', 'part of the name, the e-mail or the id')
    .option('--group <group>')
    .option('--status <status>', 'active or disabled')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .action(async (options: Record<string, string>) => {
      const page = await cli.client().call(personPage, 'GET', `/people?${new URLSearchParams(options)}`);
      const more = page.cursor === null ? [] : [`Next page: --cursor '${page.cursor}'`];
      cli.out().show(page, [...table(HEAD, page.people.map(row)), ...more]);
    });
  people
    .command('show')
    .argument('<person>', 'the id')
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
    .description('change a person; --group names all groups of the person from now on')
    .argument('<person>', 'the id')
    .option('--name <name>')
    .option('--email <address>', 'or "none"')
    .option('--group <group...>')
    .option('--directory-id <id>', 'or "none"')
    .option('--status <status>', 'active or disabled; disabling cancels open activation codes')
    .action(async (id: string, { name, email, group: groups, directoryId, status }: ChangeOptions) => {
      const body = { name, email: orNone(email), groups, directoryId: orNone(directoryId), status };
      const person = await cli.client().call(personView, 'PATCH', `/people/${encodeURIComponent(id)}`, body);
      cli.out().show(person, table(HEAD, [row(person)]));
    });
}

const orNone = (value: string | undefined): string | null | undefined => (value === 'none' ? null : value);

/** The person for an activation code: the one with this id, or a new one of this name. A name never chooses among existing people. */
export async function personForCode(
  client: Client,
  { person, user, group }: { readonly person?: string; readonly user?: string; readonly group: string },
): Promise<string> {
  if ((person === undefined) === (user === undefined)) {
    throw new CordonError('invalid_input', 'Name the person with --person ID, or add a new person with --user NAME.');
  }
  if (person !== undefined) return person;
  const name = user ?? '';
  const { people } = await client.call(personPage, 'GET', `/people?${new URLSearchParams({ name, limit: '10' })}`);
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
