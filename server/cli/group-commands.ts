import type { Command } from 'commander';
import type { z } from 'zod';
import { groupDetail, groupFacts, groupList, groupPreview, groupView } from '../../shared/api/groups.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { type Cli, commandOf, valueOrNone } from './cli.ts';
import { table } from './output.ts';

interface GroupOptions {
  readonly home?: string;
  readonly seat?: string;
  readonly mailPrograms?: boolean;
  readonly expression?: string;
}

const MAIL_PROGRAMS = [
  '--mail-programs <on|off>',
  'whether devices may serve mail to other mail programs. Mail is then in plain text on their disks',
  (text: string): boolean => {
    if (text === 'on' || text === 'off') return text === 'on';
    throw new CordonError('invalid_input', `--mail-programs is on or off, not ${text}.`);
  },
] as const;
const WARNING =
  'Devices of this group may now serve mail to other mail programs. Such mail is in plain text on the disk of the device.';

const EXPRESSION = '--expression <CEL>';
const EXPRESSION_HELP =
  'condition that selects the devices of a dynamic group, such as \'os.platform == "linux"\'. See "groups facts"';

const HEAD = ['id', 'name', 'kind', 'home', 'seat', 'mail programs'];
const kindOf = ({ expression, trusted }: z.output<typeof groupView>) =>
  expression === null ? 'static' : trusted ? 'dynamic, trusted' : 'dynamic';
const rowOf = (group: z.output<typeof groupView>) => {
  const { id, name, home, seat, mailPrograms } = group;
  return [id, name, kindOf(group), home, seat, mailPrograms ? 'allowed' : null];
};
const pathOf = (id: string) => `/groups/${encodeURIComponent(id)}`;

export function addGroupCommands(program: Command, cli: Cli): void {
  const groups = commandOf(program, 'groups');
  groups
    .command('list')
    .description('List the groups that your role includes')
    .action(async () => {
      const { groups: all } = await cli.client().call(groupList, 'GET', '/groups');
      cli.out().show(all, table(HEAD, all.map(rowOf)));
    });
  groups
    .command('add')
    .description('Create a group')
    .argument('<name>')
    .option('--home <area>', 'home area of devices without a home area of their own')
    .option(
      '--seat <area>',
      'legal seat (area where the owning organization is registered) of devices without a legal seat of their own',
    )
    .option(...MAIL_PROGRAMS)
    .option(EXPRESSION, EXPRESSION_HELP)
    .action(async (name: string, { mailPrograms, ...options }: GroupOptions) => {
      const body = { name, ...options, ...(mailPrograms !== undefined && { mailPrograms }) };
      const group = await cli.client().call(groupView, 'POST', '/groups', body);
      if (group.mailPrograms) cli.out().note(WARNING);
      cli.out().show(group, [group.id]);
    });
  groups
    .command('update')
    .description('Change the name, the default home and seat of devices, the rule for mail programs, or the expression')
    .argument('<group>')
    .option('--name <name>')
    .option('--home <area>', 'new home area, or "none"')
    .option('--seat <area>', 'new legal seat, or "none"')
    .option(...MAIL_PROGRAMS)
    .option(EXPRESSION, EXPRESSION_HELP)
    .action(async (id: string, { name, home, seat, mailPrograms, expression }: GroupOptions & { name?: string }) => {
      const body = { name, home: valueOrNone(home), seat: valueOrNone(seat), mailPrograms, expression };
      const group = await cli.client().call(groupView, 'PATCH', pathOf(id), body);
      if (mailPrograms) cli.out().note(WARNING);
      cli.out().show(group, table(HEAD, [rowOf(group)]));
    });
  groups
    .command('remove')
    .description('Delete a group. Fails with a list of uses if devices, people, roles or other records use it')
    .argument('<group>')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', pathOf(id)), ['Removed.']);
    });
  addMemberCommands(groups, cli);
}

function addMemberCommands(groups: Command, cli: Cli): void {
  groups
    .command('show')
    .description('Show a group and the records that use it')
    .argument('<group>')
    .action(async (id: string) => {
      const group = await cli.client().call(groupDetail, 'GET', pathOf(id));
      const uses = group.uses.map(({ kind, count, names }) => `used by ${count} ${kind} ${names.join(', ')}`.trimEnd());
      const expression = group.expression === null ? [] : [`expression: ${group.expression}`];
      const state = group.complete ? [] : ['The server is still evaluating the expression for all devices.'];
      cli.out().show(group, [...table(HEAD, [rowOf(group)]), ...expression, ...state, ...uses]);
    });
  groups
    .command('facts')
    .description('List the facts and functions for expressions of dynamic groups')
    .action(async () => {
      const { facts, functions } = await cli.client().call(groupFacts, 'GET', '/group-facts');
      const rows = facts.map(({ name, type, meaning }) => [name, type, meaning]);
      const calls = functions.map(({ signature, meaning }) => [signature, 'function', meaning]);
      cli.out().show({ facts, functions }, table(['name', 'type', 'meaning'], [...rows, ...calls]));
    });
  groups
    .command('preview')
    .description('Check an expression, and count the devices that match it')
    .argument('<expression>')
    .action(async (expression: string) => {
      const preview = await cli.client().call(groupPreview, 'POST', '/group-preview', { expression });
      const { error, matching, unknown, examined, complete, examples } = preview;
      if (error) {
        const detail = `The expression is invalid at line ${error.line}, column ${error.column}. ${error.message}`;
        throw new CordonError('invalid_input', detail, { ...error });
      }
      cli.out().show(preview, [
        `${matching} of ${examined} devices match${complete ? '' : ' so far. The fleet is too large for a complete preview'}. ${unknown} depend on an unknown fact and do not match.`,
        ...(examples.length === 0
          ? []
          : table(
              ['device', 'user', 'host name'],
              examples.map(({ id, user, hostname }) => [id, user, hostname]),
            )),
      ]);
    });
  for (const [name, field, description] of [
    ['add-devices', 'add', 'Add devices to a static group'],
    ['remove-devices', 'remove', 'Remove devices from a static group'],
  ] as const) {
    groups
      .command(name)
      .description(description)
      .argument('<group>')
      .argument('<device...>')
      .action(async (id: string, devices: readonly string[]) => {
        const changed = await cli.client().call(done, 'PATCH', `${pathOf(id)}/members`, { [field]: devices });
        cli.out().show(changed, ['Changed.']);
      });
  }
  groups
    .command('trust')
    .description(
      'Allow roles and order exemptions to use a dynamic group, although devices report some facts themselves',
    )
    .argument('<group>')
    .option('--withdraw', 'withdraw the permission')
    .action(async (id: string, { withdraw = false }: { readonly withdraw?: boolean }) => {
      const group = await cli.client().call(groupView, 'POST', `${pathOf(id)}/trust`, { trusted: !withdraw });
      cli.out().show(group, table(HEAD, [rowOf(group)]));
    });
}
