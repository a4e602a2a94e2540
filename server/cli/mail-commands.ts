import type { Command } from 'commander';
import { type MailView, mailView } from '../../shared/api/mail.ts';
import { type Cli, commandOf } from './cli.ts';
import { table, when } from './output.ts';

const NONE =
  'No mail connector is enrolled. Create its activation code: cordon codes create --mail-connector --user NAME --group GROUP';

export function addMailCommands(program: Command, cli: Cli): void {
  const mail = commandOf(program, 'mail');
  mail
    .command('status')
    .description('List the mail connectors, and show how much mail waits, is held and was returned')
    .action(async () => {
      const view = await cli.client().call(mailView, 'GET', '/mail');
      const rows = view.connectors.map(({ device, user, hostname, connected, lastSeenAt, ready }) => [
        device,
        user,
        hostname,
        connected,
        when(lastSeenAt),
        ready ? 'ready' : 'waits for verification',
      ]);
      const head = ['device', 'user', 'host', 'connected', 'last seen', 'state'];
      cli
        .out()
        .show(view, [
          ...(rows.length === 0 ? [NONE] : table(head, rows)),
          `waiting: ${amountOf(view.waiting)}`,
          `held by orders: ${amountOf(view.held)}`,
          `returned in 30 days: ${amountOf(view.returned)}`,
        ]);
    });
}

const amountOf = ({ mails, bytes }: MailView['waiting']): string =>
  `${mails} ${mails === 1 ? 'mail' : 'mails'}, ${bytes} bytes`;
