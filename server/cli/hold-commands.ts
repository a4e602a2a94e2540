import type { Command } from 'commander';
import { type LegalHoldView, legalHoldPage, legalHoldView } from '../../shared/api/holds.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { table, when } from './output.ts';

interface PlaceOptions {
  readonly device?: string;
  readonly person?: string;
  readonly reason: string;
  readonly reference?: string;
}

export function addHoldCommands(program: Command, cli: Cli): void {
  const holds = commandOf(program, 'holds');
  holds
    .command('place')
    .description('Place a legal hold. It lasts until an admin releases it')
    .option('--device <device>', 'device under the legal hold')
    .option('--person <person>', 'person under the legal hold, with all current and future devices')
    .requiredOption('--reason <reason>', 'reason, shown only to admins who may read legal holds')
    .option('--reference <number>', 'case number')
    .action(async (options: PlaceOptions) => {
      const hold = await cli.client().call(legalHoldView, 'POST', '/legal-holds', options);
      cli.out().show(hold, [`${hold.id}: ${subjectOf(hold)}`]);
      if (hold.on.kind === 'person' && hold.on.devices === 0) {
        cli.out().note('This person has no device yet. The hold applies to later devices.');
      }
    });
  holds
    .command('list')
    .description('List legal holds, newest first. --cursor shows the next page')
    .option('--released <true|false>', 'show only released (true) or only active (false) holds')
    .option('--device <device>', 'show holds on this device or its user')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .action(async (options: Record<string, string>) => {
      const page = await cli.client().call(legalHoldPage, 'GET', `/legal-holds${queryOf(options)}`);
      const nameOf = (account: string) => page.people[account] ?? account;
      const rows = page.holds.map((hold) => [
        hold.id,
        subjectOf(hold),
        hold.reference,
        when(hold.placedAt),
        nameOf(hold.placedBy),
        hold.reason,
        hold.released && `${when(hold.released.at)} by ${nameOf(hold.released.by)}: ${hold.released.reason}`,
      ]);
      const more = page.cursor === null ? [] : [`more: --cursor "${page.cursor}"`];
      const head = ['id', 'on', 'reference', 'placed', 'by', 'reason', 'released'];
      cli.out().show(page, [...table(head, rows), ...more]);
    });
  holds
    .command('release')
    .description('Release a legal hold. It stays in the list as released')
    .argument('<hold>')
    .requiredOption('--reason <reason>', 'reason for the release')
    .action(async (id: string, { reason }: { reason: string }) => {
      const path = `/legal-holds/${encodeURIComponent(id)}/release`;
      const hold = await cli.client().call(legalHoldView, 'POST', path, { reason });
      cli.out().show(hold, [`${hold.id} is released: ${subjectOf(hold)}`]);
    });
}

const subjectOf = ({ on }: LegalHoldView): string =>
  on.kind === 'device'
    ? `${on.device} (${plain(on.user)})`
    : `${plain(on.user)}: ${on.devices} ${on.devices === 1 ? 'device' : 'devices'}`;
