/** `cordon areas`: manages the organization's own groups of countries and polygons, and the policies for disputed territories. */
import type { Command } from 'commander';
import { type NamedAreaView, namedAreaList, namedAreaView } from '../../shared/api/areas.ts';
import { done } from '../../shared/api/wire.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { readBytes } from './local-files.ts';
import { table, when } from './output.ts';
import { addPolicyCommands } from './territory-policy-commands.ts';

export function addAreaCommands(program: Command, cli: Cli): void {
  const areas = commandOf(program, 'areas');
  areas
    .command('list')
    .description('List the newest version of each area')
    .action(async () => {
      const { areas, people } = await cli.client().call(namedAreaList, 'GET', '/areas');
      const rows = areas.map((area) => [
        area.code,
        `${area.version}`,
        plain(area.title),
        contentOf(area),
        when(area.madeAt),
        plain(people[area.madeBy] ?? area.madeBy),
      ]);
      cli.out().show(areas, table(['code', 'version', 'title', 'is', 'made', 'by'], rows));
    });
  areas
    .command('remove')
    .description('Delete all versions of a group or polygon. Fails if an order uses it')
    .argument('<code>', 'XG-<name> or XZ-<name>')
    .action(async (code: string) => {
      await cli.client().call(done, 'DELETE', `/areas/${encodeURIComponent(code)}`);
      cli.out().show({ code }, [`${plain(code)} is removed`]);
    });
  areas
    .command('group')
    .description('Create a group of countries, or a new version of it. Its code in orders is XG-<name>')
    .argument('<name>', 'lowercase letters, digits and hyphens')
    .argument('<members...>', 'countries, subdivisions, EU, EEA, EFTA, GCC, or UN regions such as UN-034')
    .requiredOption('--title <title>')
    .action(async (name: string, members: string[], { title }: { title: string }) => {
      show(await cli.client().call(namedAreaView, 'POST', '/areas/groups', { name, title, members }));
    });
  areas
    .command('import')
    .description('Import a polygon from GeoJSON, or a new version of it. Its code in orders is XZ-<name>')
    .argument('<file>', 'GeoJSON file in WGS 84: Polygon, MultiPolygon, or features of these types')
    .requiredOption('--name <name>', 'lowercase letters, digits and hyphens')
    .option('--title <title>', 'title for readers. Default: the name')
    .action(async (file: string, { name, title = name }: { name: string; title?: string }) => {
      const bytes = readBytes(file);
      const path = `/api/v1/areas/polygons?${new URLSearchParams({ name, title })}`;
      const response = await cli.client().raw('POST', path, bytes, { 'content-type': 'application/geo+json' });
      show(namedAreaView.parse(await response.json()));
    });
  addPolicyCommands(areas, cli);
  const show = (area: NamedAreaView) =>
    cli.out().show(area, [`${area.code}, version ${area.version}: ${plain(area.title)}, ${contentOf(area)}`]);
}

function contentOf({ members, polygon }: NamedAreaView): string {
  if (members) return members.join(' ');
  const points = polygon?.rings.reduce((sum, ring) => sum + ring.length / 2, 0) ?? 0;
  return `${points} points in ${polygon?.touches.join(' ')}`;
}
