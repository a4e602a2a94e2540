import type { Command } from 'commander';
import { groupList, groupView } from '../../shared/api/groups.ts';
import { done } from '../../shared/api/wire.ts';
import { type Cli, commandOf, valueOrNone } from './cli.ts';
import { table } from './output.ts';

export function addGroupCommands(program: Command, cli: Cli): void {
  const groups = commandOf(program, 'groups');
  groups
    .command('list')
    .description('List the groups that your role includes')
    .action(async () => {
      const { groups: all } = await cli.client().call(groupList, 'GET', '/groups');
      const rows = all.map(({ id, name, home, seat }) => [id, name, home, seat]);
      cli.out().show(all, table(['id', 'name', 'home', 'seat'], rows));
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
    .action(async (name: string, options: { home?: string; seat?: string }) => {
      const group = await cli.client().call(groupView, 'POST', '/groups', { name, ...options });
      cli.out().show(group, [group.id]);
    });
  groups
    .command('update')
    .description('Change the name, or the default home and seat of the devices')
    .argument('<group>')
    .option('--name <name>')
    .option('--home <area>', 'new value, or "none"')
    .option('--seat <area>', 'new value, or "none"')
    .action(async (id: string, { name, home, seat }: { name?: string; home?: string; seat?: string }) => {
      const body = { name, home: valueOrNone(home), seat: valueOrNone(seat) };
      const group = await cli.client().call(groupView, 'PATCH', `/groups/${encodeURIComponent(id)}`, body);
      cli.out().show(group, table(['id', 'name', 'home', 'seat'], [[group.id, group.name, group.home, group.seat]]));
    });
  groups
    .command('remove')
    .description('Delete a group. Fails if it has devices, activation codes or people')
    .argument('<group>')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', `/groups/${encodeURIComponent(id)}`), ['Removed.']);
    });
}
