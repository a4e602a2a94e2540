import type { Command } from 'commander';
import { alertList } from '../../shared/api/devices.ts';
import { done } from '../../shared/api/wire.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { deviceUsers } from './device-users.ts';
import { table, when } from './output.ts';

export function addAlertCommands(program: Command, cli: Cli): void {
  const alerts = commandOf(program, 'alerts')
    .option('--device <device>')
    .option('--about <subject>', 'show only alerts about "installation" or "devices"')
    .option('--acknowledged <state>', 'set to false to show only unacknowledged alerts')
    .option('--severity <severity>', 'set to grave to show only alerts that may indicate an attack')
    .option('--before <id>', 'show alerts older than the alert with this id')
    .action(async (options: Record<string, string>) => {
      const { alerts } = await cli.client().call(alertList, 'GET', `/alerts${queryOf(options)}`);
      const userOf = await deviceUsers(
        cli.client(),
        alerts.map(({ device }) => device),
      );
      const rows = alerts.map(({ id, at, firstAt, count, severity, device, code, detail, acknowledged }) => [
        id,
        when(at),
        count,
        count > 1 ? when(firstAt) : '',
        severity,
        device,
        userOf(device),
        code,
        detail,
        acknowledged ? `${acknowledged.by}, ${when(acknowledged.at)}` : '',
      ]);
      const columns = ['id', 'at', 'count', 'first', 'severity', 'device', 'user', 'code', 'detail', 'acknowledged'];
      cli.out().show(alerts, table(columns, rows));
    });
  alerts
    .command('acknowledge')
    .description('Acknowledge an alert. If its cause occurs again, it becomes a new alert')
    .argument('<id>', 'id of the alert')
    .action(async (id: string) => {
      const view = await cli.client().call(done, 'POST', `/alerts/${encodeURIComponent(id)}/acknowledge`, {});
      cli.out().show(view, ['Acknowledged.']);
    });
}
