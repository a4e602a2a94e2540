import type { Command } from 'commander';
import {
  complianceCounts,
  complianceHistory,
  compliancePage,
  complianceStatementEnvelope,
  deviceComplianceView,
} from '../../shared/api/compliance.ts';
import { done } from '../../shared/api/wire.ts';
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
    .option('--policy <policy>', 'only devices of the policy’s groups, with their compliance with this policy alone')
    .action(async (options: Record<string, string>) => {
      const counts = await cli.client().call(complianceCounts, 'GET', `/compliance/counts${queryOf(options)}`);
      cli.out().show(counts, table(['state', 'devices'], Object.entries(counts)));
    });
  compliance
    .command('list')
    .description('List active devices with their compliance. --cursor shows the next page')
    .option(
      '--state <state>',
      'state: compliant, in-grace, not-compliant, unknown or no-policy; or failing for in-grace and not-compliant',
    )
    .option('--setting <setting>', 'only devices on which the check of this setting failed')
    .option('--policy <policy>', 'only devices of the policy’s groups, with their compliance with this policy alone')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .action(async (options: Record<string, string>) => {
      const page = await cli.client().call(compliancePage, 'GET', `/compliance${queryOf(options)}`);
      const rows = page.devices.map((each) => [
        each.device,
        plain(each.user),
        plain(each.name ?? ''),
        each.state,
        each.failing.join(' '),
        each.reportedAt && when(each.reportedAt),
        each.nextAt && when(each.nextAt),
      ]);
      const more = page.cursor === null ? [] : [`more: --cursor "${page.cursor}"`];
      const head = ['device', 'user', 'name', 'state', 'not met', 'reported', 'next change'];
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
    .option('--before <id>', 'list changes before the change with this id')
    .action(async (id: string, options: Record<string, string>) => {
      const path = `/devices/${encodeURIComponent(id)}/compliance-history${queryOf(options)}`;
      const { events } = await cli.client().call(complianceHistory, 'GET', path);
      const rows = events.map((each) => [each.id, when(each.at), each.event, plain(each.detail)]);
      cli.out().show(events, table(['id', 'time', 'event', 'detail'], rows));
    });
  compliance
    .command('statement')
    .description(
      "Print the signed statement about a device's compliance, a DSSE envelope that is valid for ten minutes",
    )
    .argument('<device>')
    .action(async (id: string) => {
      const path = `/devices/${encodeURIComponent(id)}/compliance-statement`;
      const envelope = await cli.client().call(complianceStatementEnvelope, 'GET', path);
      cli.out().show(envelope, [JSON.stringify(envelope)]);
    });
  compliance
    .command('admission')
    .description('Tell whether a proxy would admit a device. Fails with exit code 4 if not')
    .argument('<device>')
    .action(async (id: string) => {
      await cli.client().call(done, 'GET', `/devices/${encodeURIComponent(id)}/compliance-admission`);
      cli.out().show({ admit: true }, ['A proxy admits the device.']);
    });
  compliance
    .command('report')
    .description('Save the compliance of all devices as a CSV file, or as JSON')
    .argument('<file>')
    .option('--format <format>', 'csv or json', 'csv')
    .action(async (file: string, { format }: { format: string }) => {
      const path = `/api/v1/compliance/report.${format === 'json' ? 'json' : 'csv'}`;
      const bytes = await saveDownload(await cli.client().raw('GET', path), file, 'report');
      cli.out().show({ file, bytes }, [`${file}: ${bytes} bytes`]);
    });
}
