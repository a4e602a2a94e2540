import type { Command } from 'commander';
import type { z } from 'zod';
import { groupList, groupView } from '../../shared/api/groups.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { type Cli, commandOf, valueOrNone } from './cli.ts';
import { table } from './output.ts';

interface GroupOptions {
  readonly home?: string;
  readonly seat?: string;
  readonly mailPrograms?: boolean;
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

const HEAD = ['id', 'name', 'home', 'seat', 'mail programs'];
const rowOf = ({ id, name, home, seat, mailPrograms }: z.output<typeof groupView>) => [
  id,
  name,
  home,
  seat,
  mailPrograms ? 'allowed' : null,
];

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
    .option('--home <area>', 'home area of devices that state none of their own')
    .option(
      '--seat <area>',
      'legal seat (area where the owning organization is registered) of devices that state none of their own',
    )
    .option(...MAIL_PROGRAMS)
    .action(async (name: string, { mailPrograms, ...options }: GroupOptions) => {
      const body = { name, ...options, ...(mailPrograms !== undefined && { mailPrograms }) };
      const group = await cli.client().call(groupView, 'POST', '/groups', body);
      if (group.mailPrograms) cli.out().note(WARNING);
      cli.out().show(group, [group.id]);
    });
  groups
    .command('update')
    .description('Change the name, the default home and seat of devices, or the rule for mail programs')
    .argument('<group>')
    .option('--name <name>')
    .option('--home <area>', 'new value, or "none"')
    .option('--seat <area>', 'new value, or "none"')
    .option(...MAIL_PROGRAMS)
    .action(async (id: string, { name, home, seat, mailPrograms }: GroupOptions & { name?: string }) => {
      const body = { name, home: valueOrNone(home), seat: valueOrNone(seat), mailPrograms };
      const group = await cli.client().call(groupView, 'PATCH', `/groups/${encodeURIComponent(id)}`, body);
      if (mailPrograms) cli.out().note(WARNING);
      cli.out().show(group, table(HEAD, [rowOf(group)]));
    });
  groups
    .command('remove')
    .description('Delete a group. Fails if it has devices, activation codes or people')
    .argument('<group>')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', `/groups/${encodeURIComponent(id)}`), ['Removed.']);
    });
}
