import type { Command } from 'commander';
import { deviceAdvisories, deviceSoftware, inventorySections } from '../../shared/api/inventory.ts';
import {
  advisoryDevicePage,
  advisoryImport,
  advisoryPage,
  softwareDevicePage,
  softwarePage,
} from '../../shared/api/software.ts';
import { CordonError } from '../../shared/errors.ts';
import { SECTIONS, type Section } from '../../shared/inventory/sections.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { saveDownload } from './download.ts';
import { readBytes } from './local-files.ts';
import { table, when } from './output.ts';

const SOURCE = 'source: dpkg, rpm, flatpak, snap, windows or macos';

export function addSoftwareCommands(program: Command, cli: Cli): void {
  const software = commandOf(program, 'software');
  addTitles(software, cli);
  addWho(software, cli);
  addAdvisories(software, cli);
  addSections(software, cli);
}

/** Downloads a list as CSV if the user gave `--csv`. Otherwise returns false. */
async function savedCsv(cli: Cli, file: string | undefined, path: string): Promise<boolean> {
  if (file === undefined) return false;
  const bytes = await saveDownload(await cli.client().raw('GET', `/api/v1${path}`), file, 'CSV file');
  cli.out().show({ file, bytes }, [`${file}: ${bytes} bytes`]);
  return true;
}

const moreLine = (cursor: string | number | null): string[] => (cursor === null ? [] : [`more: --cursor ${cursor}`]);

function addTitles(software: Command, cli: Cli): void {
  software
    .command('list')
    .description('List software with the number of devices. --cursor shows the next page')
    .option('--text <text>', 'part of the software’s name')
    .option('--source <source>', SOURCE)
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .option('--csv <file>', 'write the whole list to a new CSV file')
    .action(async ({ csv, limit, cursor, ...filter }: Record<string, string>) => {
      if (await savedCsv(cli, csv, `/software.csv${queryOf(filter)}`)) return;
      const query = queryOf({ ...filter, ...(limit && { limit }), ...(cursor && { cursor }) });
      const page = await cli.client().call(softwarePage, 'GET', `/software${query}`);
      const rows = page.titles.map(({ source, name, newest, versions, devices }) => [
        source,
        name,
        newest,
        versions,
        devices,
      ]);
      cli
        .out()
        .show(page, [...table(['source', 'name', 'newest', 'versions', 'devices'], rows), ...moreLine(page.cursor)]);
    });
  software
    .command('device')
    .description('List the software of a device, or the advisories that affect it')
    .argument('<device>')
    .option('--text <text>', 'part of the software’s name')
    .option('--advisories', 'list the advisories that affect the device', false)
    .action(async (device: string, options: { text?: string; advisories: boolean }) => {
      const path = `/devices/${encodeURIComponent(device)}`;
      if (options.advisories) {
        const view = await cli.client().call(deviceAdvisories, 'GET', `${path}/advisories`);
        const rows = view.advisories.map(({ id, summary, packages }) => [
          id,
          packages.map(({ name, version }) => `${name} ${version}`).join(', '),
          summary,
        ]);
        return cli.out().show(view, table(['advisory', 'packages', 'summary'], rows));
      }
      const query = queryOf(options.text === undefined ? {} : { text: options.text });
      const view = await cli.client().call(deviceSoftware, 'GET', `${path}/software${query}`);
      const rows = (view.software ?? []).map(({ source, name, version }) => [source, name, version]);
      const unknown =
        'The device has not reported its software. It reports when it connects, unless the section is off.';
      cli.out().show(view, view.software === null ? [unknown] : table(['source', 'name', 'version'], rows));
    });
}

interface WhoOptions {
  readonly source?: string;
  readonly limit?: string;
  readonly cursor?: string;
  readonly csv?: string;
  readonly below?: string;
  readonly atLeast?: string;
  readonly above?: string;
  readonly at?: string;
}

function addWho(software: Command, cli: Cli): void {
  software
    .command('who')
    .description('List the devices that have a package. Versions follow the order of the package manager')
    .argument('<name>', 'name of the package')
    .option('--source <source>', SOURCE)
    .option('--below <version>')
    .option('--at-least <version>')
    .option('--above <version>')
    .option('--at <version>', 'exactly this version')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .option('--csv <file>', 'write all devices to a new CSV file')
    .action(async (name: string, { source, csv, limit, cursor, ...options }: WhoOptions) => {
      const filter = versionFilter(options);
      const { titles } = await cli
        .client()
        .call(softwarePage, 'GET', `/software${queryOf({ name, ...(source !== undefined && { source }) })}`);
      const [title, ...others] = titles;
      if (!title) {
        const detail = `No device in your scope has reported ${name}. Look for the name with "software list --text ${name}".`;
        throw new CordonError('not_found', detail, { name });
      }
      if (others.length > 0) {
        const sources = titles.map((each) => each.source).join(', ');
        throw new CordonError('conflict', `${name} exists in several sources: ${sources}. Choose one with --source.`, {
          name,
        });
      }
      if (await savedCsv(cli, csv, `/software/${title.id}/devices.csv${queryOf(filter)}`)) return;
      const query = queryOf({
        ...filter,
        ...(limit !== undefined && { limit }),
        ...(cursor !== undefined && { cursor }),
      });
      const page = await cli.client().call(softwareDevicePage, 'GET', `/software/${title.id}/devices${query}`);
      const rows = page.devices.map(({ device, user, hostname, versions }) => [
        device,
        user,
        hostname,
        versions.join(' '),
      ]);
      cli
        .out()
        .show(page, [
          `devices: ${page.total} of ${title.devices} with ${title.name}`,
          ...table(['device', 'user', 'host name', 'version'], rows),
          ...moreLine(page.cursor),
        ]);
    });
}

function versionFilter({ below, atLeast, above, at }: WhoOptions): Record<string, string> {
  return {
    ...(below !== undefined && { below }),
    ...(atLeast !== undefined && { atLeast }),
    ...(above !== undefined && { above }),
    ...(at !== undefined && { version: at }),
  };
}

function addAdvisories(software: Command, cli: Cli): void {
  software
    .command('import-advisories')
    .description('Import advisories from a JSON file in the OSV format. The server needs no network for this')
    .argument('<file>', 'file with one advisory or an array of advisories')
    .action(async (file: string) => {
      const response = await cli
        .client()
        .raw('POST', '/api/v1/advisories', readBytes(file), { 'content-type': 'application/octet-stream' });
      const result = advisoryImport.parse(await response.json());
      cli
        .out()
        .show(result, [
          `advisories: ${result.read} read, ${result.changed} new or changed, ${result.withdrawn} withdrawn`,
          `packages of other distributions and ecosystems, skipped: ${result.skippedPackages}`,
        ]);
    });
  software
    .command('advisories')
    .description('List advisories with the number of affected devices, or the devices that one advisory affects')
    .argument('[advisory]')
    .option('--text <text>', 'part of the id, an alias or the summary, or the name of a package')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .option('--csv <file>', 'write all affected devices of the advisory to a new CSV file')
    .action(async (id: string | undefined, { csv, ...query }: Record<string, string>) => {
      if (id === undefined) {
        const page = await cli.client().call(advisoryPage, 'GET', `/advisories${queryOf(query)}`);
        const rows = page.advisories.map((one) => [one.id, when(one.modifiedAt), one.devices, one.summary]);
        return cli
          .out()
          .show(page, [...table(['advisory', 'modified', 'devices', 'summary'], rows), ...moreLine(page.cursor)]);
      }
      const path = `/advisories/${encodeURIComponent(id)}`;
      if (await savedCsv(cli, csv, `${path}/devices.csv`)) return;
      const { text: _, ...paging } = query;
      const page = await cli.client().call(advisoryDevicePage, 'GET', `${path}/devices${queryOf(paging)}`);
      const rows = page.devices.map(({ device, user, hostname, versions }) => [
        device,
        user,
        hostname,
        versions.join(', '),
      ]);
      cli
        .out()
        .show(page, [
          `${page.advisory.id}: ${page.total} affected devices`,
          ...table(['device', 'user', 'host name', 'packages'], rows),
          ...moreLine(page.cursor),
        ]);
    });
}

function addSections(software: Command, cli: Cli): void {
  software
    .command('sections')
    .description('Show what devices report, or switch sections off or on')
    .option('--off <section...>', 'sections to switch off')
    .option('--on <section...>', 'sections to switch on. Devices display this to their users before they report')
    .action(async ({ off = [], on = [] }: { off?: string[]; on?: string[] }) => {
      const known = [...off, ...on].map(sectionOf);
      let view = await cli.client().call(inventorySections, 'GET', '/inventory-sections');
      if (known.length > 0) {
        const switchedOff = view.sections.filter((one) => !one.on).map(({ section }) => section);
        const next = SECTIONS.filter(
          (section) => off.includes(section) || (switchedOff.includes(section) && !on.includes(section)),
        );
        view = await cli.client().call(inventorySections, 'POST', '/inventory-sections', { off: next });
      }
      const rows = view.sections.map((one) => [one.section, one.on ? 'on' : 'off', one.meaning]);
      const changed =
        view.changedAt === null ? [] : [`changed ${when(view.changedAt)} by ${view.changedBy ?? 'unknown'}`];
      cli.out().show(view, [...table(['section', 'state', 'meaning'], rows), ...changed]);
    });
}

function sectionOf(text: string): Section {
  const found = SECTIONS.find((section) => section === text);
  if (found) return found;
  throw new CordonError('invalid_input', `There is no section ${text}. The sections are ${SECTIONS.join(', ')}.`, {
    section: text,
  });
}
