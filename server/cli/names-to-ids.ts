/**
 * Names in place of ids on the command line. Every argument and option `<group>`, `<person>`, `<device>` or `<policy>` takes a name too, if
 * exactly one of them has it.
 */
import type { Argument, Command, Option } from 'commander';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Client, queryOf } from './client.ts';

interface Candidate {
  readonly id: string;
  readonly names: readonly (string | null)[];
}

/** Each kind loads the schema of its list only when a name must be found, because a start takes as long as its modules. */
interface Kind {
  readonly id: RegExp;
  /** Command that lists the ids. */
  readonly list: string;
  /** Candidates whose name may be the given one. */
  find(client: Client, name: string): Promise<Candidate[]>;
}

/** Maximum number of candidates in an error. */
const SHOWN = 10;

const KINDS: Readonly<Record<string, Kind>> = {
  group: {
    id: /^grp_/,
    list: 'cordon groups list',
    find: async (client) => {
      const { groupList } = await import('../../shared/api/groups.ts');
      const { groups } = await client.call(groupList, 'GET', '/groups');
      return groups.map(({ id, name }) => ({ id, names: [name] }));
    },
  },
  policy: {
    id: /^pol_/,
    list: 'cordon policies list',
    find: async (client) => {
      const { policyList } = await import('../../shared/api/policies.ts');
      const { policies } = await client.call(policyList, 'GET', '/policies');
      return policies.map(({ id, name }) => ({ id, names: [name] }));
    },
  },
  person: {
    id: /^per_/,
    list: 'cordon people list',
    find: async (client, name) => {
      const { personPage } = await import('../../shared/api/people.ts');
      const { people } = await client.call(personPage, 'GET', `/people${queryOf({ name, limit: '200' })}`);
      return people.map((person) => ({ id: person.id, names: [person.name] }));
    },
  },
  device: {
    id: /^dev_/,
    list: 'cordon devices list',
    find: async (client, name) => {
      const { devicePage, LONGEST_SEARCH, MOST_WORDS } = await import('../../shared/api/devices.ts');
      const text = name.split(/\s+/).slice(0, MOST_WORDS).join(' ').slice(0, LONGEST_SEARCH);
      const page = await client.call(devicePage, 'GET', `/devices${queryOf({ text, limit: '200' })}`);
      return page.devices.map(({ id, displayName, hostname }) => ({ id, names: [displayName, hostname] }));
    },
  },
};

const folded = (name: string): string => name.trim().replace(/\s+/g, ' ').toLowerCase();

async function idOf(kind: string, { id, list, find }: Kind, value: string, client: () => Client): Promise<string> {
  if (id.test(value) || value.trim() === '') return value;
  const wanted = folded(value);
  const found = (await find(client(), value)).filter(({ names }) =>
    names.some((name) => name !== null && folded(name) === wanted),
  );
  const [one, ...others] = found;
  if (one && others.length === 0) return one.id;
  if (!one) {
    const detail = `There is no ${kind} with the id or name “${plain(value)}” in your scope. Look for it with "${list}".`;
    throw new CordonError('not_found', detail, { [kind]: value });
  }
  const ids = found.slice(0, SHOWN).map((each) => each.id);
  const more = found.length > SHOWN ? ', …' : '';
  const detail = `${found.length} ${kind === 'person' ? 'people' : kind === 'policy' ? 'policies' : `${kind}s`} have the name “${plain(value)}”: ${ids.join(', ')}${more}. Give the id of one.`;
  throw new CordonError('conflict', detail, { [kind]: value });
}

/** Name of the values that an argument or option takes, such as `group` of `<group...>`. */
const placeholderOf = (flags: string): string | undefined => /[<[](\w+)/.exec(flags)?.[1];

async function resolved(kind: string | undefined, value: unknown, client: () => Client): Promise<unknown> {
  const known = kind === undefined ? undefined : KINDS[kind];
  if (kind === undefined || known === undefined) return value;
  if (typeof value === 'string') return idOf(kind, known, value, client);
  if (!Array.isArray(value)) return value;
  return Promise.all(value.map((each) => (typeof each === 'string' ? idOf(kind, known, each, client) : each)));
}

/** Replaces the names among the arguments and options of a command by ids, before the command runs. */
export async function resolveNames(command: Command, client: () => Client): Promise<void> {
  for (const [at, argument] of command.registeredArguments.entries() as Iterable<[number, Argument]>) {
    command.processedArgs[at] = await resolved(argument.name(), command.processedArgs[at], client);
  }
  for (const option of command.options as readonly Option[]) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== 'cli') continue;
    command.setOptionValueWithSource(
      name,
      await resolved(placeholderOf(option.flags), command.getOptionValue(name), client),
      'cli',
    );
  }
}
