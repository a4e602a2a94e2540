/** `cordon notifications`: rules, channels and the history of deliveries. */
import type { Command } from 'commander';
import {
  type ChannelView,
  channelList,
  createdChannel,
  deliveryList,
  type NotificationCondition,
  notificationCondition,
  notificationRuleList,
  notificationRuleView,
  queuedDelivery,
} from '../../shared/api/notifications.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { table, when } from './output.ts';

interface RuleOptions {
  readonly channel: readonly string[];
  readonly days?: string;
  readonly hours?: string;
  readonly severity?: string;
  readonly group?: string;
  readonly repeatHours?: string;
}

export function addNotificationCommands(program: Command, cli: Cli): void {
  const notifications = commandOf(program, 'notifications');
  addRuleCommands(notifications.command('rules').description('Manage notification rules'), cli);
  addChannelCommands(notifications.command('channels').description('Manage notification channels'), cli);
  addDeliveryCommands(notifications.command('deliveries').description('Show deliveries, newest first'), cli);
}

function addRuleCommands(rules: Command, cli: Cli): void {
  rules.action(async () => {
    const view = await cli.client().call(notificationRuleList, 'GET', '/notifications/rules');
    const rows = view.rules.map(({ id, name, condition, group, channels, repeatHours, enabled }) => [
      id,
      name,
      conditionText(condition),
      group,
      channels.join(' '),
      repeatHours,
      enabled ? 'yes' : 'no',
    ]);
    const columns = ['id', 'name', 'condition', 'group', 'channels', 'repeat hours', 'enabled'];
    cli.out().show(view, table(columns, rows));
  });
  rules
    .command('add')
    .description('Create a rule')
    .argument('<name>')
    .argument(
      '<condition>',
      'condition: approval-pending, health-issue, device-offline, order-effective, device-enrolled, device-not-compliant or job-failed',
    )
    .requiredOption('--channel <channel...>', 'ids of channels')
    .option('--days <count>', 'days without a connection, for device-offline')
    .option('--hours <count>', 'hours before the effective time, for order-effective')
    .option('--severity <severity>', 'lowest severity, for health-issue: critical, warning or notice')
    .option('--group <group>', 'only devices of this group')
    .option('--repeat-hours <count>', 'hours after which a notification is repeated while its cause lasts')
    .action(async (name: string, kind: string, { channel, group, repeatHours, ...rest }: RuleOptions) => {
      const body = {
        name,
        condition: conditionOf(kind, rest),
        channels: channel,
        ...(group !== undefined && { group }),
        ...(repeatHours !== undefined && { repeatHours: Number(repeatHours) }),
      };
      const rule = await cli.client().call(notificationRuleView, 'POST', '/notifications/rules', body);
      cli.out().show(rule, [`${rule.id}: ${rule.name}`]);
    });
  for (const enabled of [true, false]) {
    rules
      .command(enabled ? 'enable' : 'disable')
      .description(enabled ? 'Enable a rule' : 'Disable a rule')
      .argument('<rule>', 'id of the rule')
      .action(async (id: string) => {
        const path = `/notifications/rules/${encodeURIComponent(id)}`;
        const rule = await cli.client().call(notificationRuleView, 'PATCH', path, { enabled });
        cli.out().show(rule, [`${rule.name}: ${enabled ? 'enabled' : 'disabled'}.`]);
      });
  }
  rules
    .command('remove')
    .description('Delete a rule')
    .argument('<rule>', 'id of the rule')
    .action(async (id: string) => {
      const view = await cli.client().call(done, 'DELETE', `/notifications/rules/${encodeURIComponent(id)}`);
      cli.out().show(view, ['Deleted.']);
    });
}

function addChannelCommands(channels: Command, cli: Cli): void {
  channels.action(async () => {
    const view = await cli.client().call(channelList, 'GET', '/notifications/channels');
    const rows = view.channels.map((channel) => [channel.id, channel.name, channel.type, receiverOf(channel)]);
    cli.out().show(view, table(['id', 'name', 'type', 'receiver'], rows));
  });
  const add = channels.command('add').description('Create a channel');
  const create = async (body: object) => {
    const view = await cli.client().call(createdChannel, 'POST', '/notifications/channels', body);
    const secret = view.secret === null ? [] : [`Secret: ${view.secret} (copy it now: it is shown only once)`];
    cli.out().show(view, [`${view.channel.id}: ${view.channel.name}`, ...secret]);
  };
  add
    .command('mail')
    .description('Send by the mail server of this installation')
    .argument('<name>')
    .argument('<address>')
    .action((name: string, to: string) => create({ name, type: 'mail', to }));
  add
    .command('webhook')
    .description('Send signed POST requests (Standard Webhooks)')
    .argument('<name>')
    .argument('<url>')
    .action((name: string, url: string) => create({ name, type: 'webhook', url }));
  add
    .command('syslog')
    .description('Send syslog messages (RFC 5424)')
    .argument('<name>')
    .argument('<host>')
    .option('--port <port>', 'port of the receiver', '6514')
    .option('--transport <transport>', 'protocol: tls, tcp or udp', 'tls')
    .action((name: string, host: string, { port, transport }: { port: string; transport: string }) =>
      create({ name, type: 'syslog', host, port: Number(port), transport }),
    );
  add
    .command('file')
    .description('Write JSON lines in the folder "notifications" of the data folder')
    .argument('<name>')
    .argument('<file>', 'name without an ending, such as alerts')
    .action((name: string, file: string) => create({ name, type: 'file', file }));
  channels
    .command('test')
    .description('Send a test through a channel')
    .argument('<channel>', 'id of the channel')
    .action(async (id: string) => {
      const path = `/notifications/channels/${encodeURIComponent(id)}/test`;
      const view = await cli.client().call(queuedDelivery, 'POST', path, {});
      cli.out().show(view, [`${view.delivery}: see "cordon notifications deliveries" for its result`]);
    });
  channels
    .command('rotate-secret')
    .description('Give a webhook a new secret. The old one stays valid for 24 hours')
    .argument('<channel>', 'id of the channel')
    .action(async (id: string) => {
      const path = `/notifications/channels/${encodeURIComponent(id)}/secret`;
      const view = await cli.client().call(createdChannel, 'POST', path, {});
      cli.out().show(view, [`Secret: ${view.secret} (copy it now: it is shown only once)`]);
    });
  channels
    .command('remove')
    .description('Delete a channel and its delivery history')
    .argument('<channel>', 'id of the channel')
    .action(async (id: string) => {
      const view = await cli.client().call(done, 'DELETE', `/notifications/channels/${encodeURIComponent(id)}`);
      cli.out().show(view, ['Deleted.']);
    });
}

function addDeliveryCommands(deliveries: Command, cli: Cli): void {
  deliveries
    .option('--channel <channel>', 'only deliveries of this channel')
    .option('--state <state>', 'state: waiting, delivered or dead')
    .option('--cursor <number>', 'show deliveries older than the delivery with this number')
    .action(async (options: Record<string, string>) => {
      const view = await cli.client().call(deliveryList, 'GET', `/notifications/deliveries${queryOf(options)}`);
      const rows = view.deliveries.map(({ id, createdAt, channel, title, state, attempts, nextAttemptAt, failure }) => [
        id,
        when(createdAt),
        channel,
        title,
        state,
        attempts,
        when(nextAttemptAt),
        failure,
      ]);
      const columns = ['id', 'at', 'channel', 'title', 'state', 'attempts', 'next attempt', 'failure'];
      cli.out().show(view, [...table(columns, rows), ...(view.next === null ? [] : [`More: --cursor ${view.next}`])]);
    });
  deliveries
    .command('replay')
    .description('Deliver a notification again, with the same id')
    .argument('<delivery>', 'id of the delivery')
    .action(async (id: string) => {
      const path = `/notifications/deliveries/${encodeURIComponent(id)}/replay`;
      const view = await cli.client().call(queuedDelivery, 'POST', path, {});
      cli.out().show(view, ['Queued.']);
    });
}

function conditionOf(kind: string, { days, hours, severity }: Omit<RuleOptions, 'channel'>): NotificationCondition {
  const parsed = notificationCondition.safeParse({
    kind,
    ...(days !== undefined && { days: Number(days) }),
    ...(hours !== undefined && { hours: Number(hours) }),
    ...(severity !== undefined && { severity }),
  });
  if (parsed.success) return parsed.data;
  throw new CordonError(
    'invalid_input',
    `The condition ${kind} does not match its options: device-offline needs --days, order-effective needs --hours, health-issue needs --severity, and the others need none.`,
    {},
    parsed.error,
  );
}

function conditionText(condition: NotificationCondition): string {
  switch (condition.kind) {
    case 'device-offline':
      return `${condition.kind} for ${condition.days} days`;
    case 'order-effective':
      return `${condition.kind} within ${condition.hours} hours`;
    case 'health-issue':
      return `${condition.kind} from ${condition.severity}`;
    default:
      return condition.kind;
  }
}

function receiverOf(channel: ChannelView): string {
  switch (channel.type) {
    case 'mail':
      return channel.to;
    case 'webhook':
      return channel.url;
    case 'syslog':
      return `${channel.host}:${channel.port} (${channel.transport})`;
    case 'file':
      return `${channel.file}.jsonl`;
  }
}
