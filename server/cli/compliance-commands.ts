import type { Command } from 'commander';
import {
  complianceCounts,
  complianceHistory,
  compliancePage,
  deviceComplianceView,
} from '../../shared/api/compliance.ts';
import { valueText } from '../../shared/policy/catalog.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { saveDownload } from './download.ts';
import { table, when } from './output.ts';

export function addComplianceCommands(program: Command, cli: Cli): void {
  const compliance = commandOf(program, 'compliance');
  compliance
    .command('counts')
    .description('Count the active devices by their compliance')
    .action(async () => {
      const counts = await cli.client().call(complianceCounts, 'GET', '/compliance/counts');
      cli.out().show(counts, table(['state', 'devices'], Object.entries(counts)));
    });
  compliance
    .command('list')
    .description('List active devices with their compliance. --cursor shows the next page')
    .option('--state <state>', 'compliant, in-grace, not-compliant, unknown or no-policy')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .action(async (options: Record<string, string>) => {
      const page = await cli.client().call(compliancePage, 'GET', `/compliance${queryOf(options)}`);
      const rows = page.devices.map((each) => [
        each.device,
        plain(each.user),
        each.state,
        each.failing.join(' '),
        each.reportedAt && when(each.reportedAt),
        each.nextAt && when(each.nextAt),
      ]);
      const more = page.cursor === null ? [] : [`more: --cursor "${page.cursor}"`];
      const head = ['device', 'user', 'state', 'not met', 'reported', 'next change'];
      cli.out().show(page, [...table(head, rows), ...more]);
    });
  compliance
    .command('show')
    .description('Show the effective settings of a device with their reasons, results, and what follows')
    .argument('<device>')
    .action(async (id: string) => {
      const view = await cli
        .client()
        .call(deviceComplianceView, 'GET', `/devices/${encodeURIComponent(id)}/compliance`);
      const rows = view.settings.map(({ setting, value, name, version, over, status, detail }) => [
        setting,
        plain(valueText(setting, value)),
        `${plain(name)}, version ${version}`,
        over.length === 0
          ? 'only policy with this setting'
          : `precedence over ${over.map((each) => plain(each.name)).join(', ')}`,
        status ?? 'not reported',
        plain(detail),
      ]);
      cli
        .out()
        .show(view, [
          `state: ${view.state}`,
          ...view.taken.map(({ action, at }) => `in effect: ${action} since ${when(at)}`),
          ...view.countdown.map(({ action, at }) => `next: ${action} at ${when(at)}`),
          ...table(['setting', 'value', 'from', 'because', 'result', 'detail'], rows),
        ]);
    });
  compliance
    .command('history')
    .description("List changes of a device's compliance, newest first")
    .argument('<device>')
    .option('--before <id>', 'list changes before this one')
    .action(async (id: string, options: Record<string, string>) => {
      const path = `/devices/${encodeURIComponent(id)}/compliance-history${queryOf(options)}`;
      const { events } = await cli.client().call(complianceHistory, 'GET', path);
      const rows = events.map((each) => [each.id, when(each.at), each.event, plain(each.detail)]);
      cli.out().show(events, table(['id', 'time', 'event', 'detail'], rows));
    });
  compliance
    .command('report')
    .description('Save the compliance of all devices as a CSV file')
    .argument('<file>')
    .action(async (file: string) => {
      const bytes = await saveDownload(await cli.client().raw('GET', '/api/v1/compliance/report.csv'), file, 'report');
      cli.out().show({ file, bytes }, [`${file}: ${bytes} bytes`]);
    });
}
