/** areas: groups of countries and polygons of one's own, and the policy of disputed ground. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type NamedAreaView, namedAreaList, namedAreaView } from '../../shared/api/areas.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { addPolicyCommands } from './disputed-policy-commands.ts';
import { table, when } from './output.ts';

export function addAreaCommands(program: Command, cli: Cli): void {
  const areas = program
    .command('areas')
    .description(
      'groups of countries and polygons of your own, which orders may name; and whose disputed ground is by default',
    );
  areas
    .command('list')
    .description('the newest version of each')
    .action(async () => {
      const { areas: all, people } = await cli.client().call(namedAreaList, 'GET', '/areas');
      const rows = all.map((area) => [
        area.code,
        `${area.version}`,
        plain(area.title),
        whatOf(area),
        when(area.madeAt),
        plain(people[area.madeBy] ?? area.madeBy),
      ]);
      cli.out().show(all, table(['code', 'version', 'title', 'is', 'made', 'by'], rows));
    });
  areas
    .command('remove')
    .description('remove a group or polygon that no order has named, with all its versions')
    .argument('<code>', 'XG-<name> or XZ-<name>')
    .action(async (code: string) => {
      await cli.client().call(done, 'DELETE', `/areas/${encodeURIComponent(code)}`);
      cli.out().show({ code }, [`${plain(code)} is removed`]);
    });
  areas
    .command('group')
    .description('make a group of countries, or its next version; orders name it XG-<name>')
    .argument('<name>', 'small letters, digits and hyphens')
    .argument('<members...>', 'countries, subdivisions, EU, EEA, EFTA, GCC or regions of M49 such as UN-034')
    .requiredOption('--title <title>')
    .action(async (name: string, members: string[], { title }: { title: string }) => {
      show(await cli.client().call(namedAreaView, 'POST', '/areas/groups', { name, title, members }));
    });
  areas
    .command('import')
    .description('import a polygon as GeoJSON, or its next version; orders name it XZ-<name>')
    .argument('<file>', 'a Polygon, a MultiPolygon or features of these, in WGS 84')
    .requiredOption('--name <name>', 'small letters, digits and hyphens')
    .option('--title <title>', 'as people read it; left out: the name')
    .action(async (file: string, { name, title = name }: { name: string; title?: string }) => {
      const bytes = await readFile(file).catch((error: Error) => {
        throw new CordonError('not_found', `Cannot read ${file}: ${error.message}.`, {}, error);
      });
      const path = `/api/v1/areas/polygons?${new URLSearchParams({ name, title })}`;
      const answer = await cli.client().raw('POST', path, bytes, { 'content-type': 'application/geo+json' });
      show(namedAreaView.parse(await answer.json()));
    });
  addPolicyCommands(areas, cli);
  const show = (area: NamedAreaView) =>
    cli.out().show(area, [`${area.code}, version ${area.version}: ${plain(area.title)}, ${whatOf(area)}`]);
}

function whatOf({ members, polygon }: NamedAreaView): string {
  if (members) return members.join(' ');
  const points = polygon?.rings.reduce((sum, ring) => sum + ring.length / 2, 0) ?? 0;
  return `${points} points in ${polygon?.touches.join(' ')}`;
}
