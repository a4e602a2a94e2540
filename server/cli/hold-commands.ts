/** holds: what must not be destroyed, and for which case. */
import type { Command } from 'commander';
import { type LegalHoldView, legalHoldPage, legalHoldView } from '../../shared/api/holds.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { table, when } from './output.ts';

interface Place {
  readonly device?: string;
  readonly person?: string;
  readonly reason: string;
  readonly reference?: string;
}

export function addHoldCommands(program: Command, cli: Cli): void {
  const holds = program.command('holds').description('legal holds: what must not be destroyed, and for which case');
  holds
    .command('place')
    .description('place a hold; it stands until somebody releases it')
    .option('--device <device>', 'on this device')
    .option('--person <person>', 'on all devices of this person, also on later ones')
    .requiredOption('--reason <reason>', 'for those who may read holds')
    .option('--reference <number>', "a case's number")
    .action(async (wanted: Place) => {
      const hold = await cli.client().call(legalHoldView, 'POST', '/legal-holds', wanted);
      cli.out().show(hold, [`${hold.id}: ${onWhat(hold)}`]);
      if (hold.on.kind === 'person' && hold.on.devices === 0) {
        cli.out().note('This person has no device yet. The hold applies to later devices.');
      }
    });
  holds
    .command('list')
    .description('newest first; --cursor takes the next page')
    .option('--released <true|false>', 'only those that were released, or only those that stand')
    .option('--device <device>', 'those on this device or on its person')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .action(async (options: Record<string, string>) => {
      const query = new URLSearchParams(options).toString();
      const page = await cli.client().call(legalHoldPage, 'GET', `/legal-holds${query === '' ? '' : `?${query}`}`);
      const who = (account: string) => page.people[account] ?? account;
      const rows = page.holds.map((hold) => [
        hold.id,
        onWhat(hold),
        hold.reference,
        when(hold.placedAt),
        who(hold.placedBy),
        hold.reason,
        hold.released && `${when(hold.released.at)} by ${who(hold.released.by)}: ${hold.released.reason}`,
      ]);
      const more = page.cursor === null ? [] : [`more: --cursor "${page.cursor}"`];
      const head = ['id', 'on', 'reference', 'placed', 'by', 'reason', 'released'];
      cli.out().show(page, [...table(head, rows), ...more]);
    });
  holds
    .command('release')
    .description('release a hold; it stays in the list')
    .argument('<hold>')
    .requiredOption('--reason <reason>', 'why it need not stand any more')
    .action(async (id: string, { reason }: { reason: string }) => {
      const path = `/legal-holds/${encodeURIComponent(id)}/release`;
      const hold = await cli.client().call(legalHoldView, 'POST', path, { reason });
      cli.out().show(hold, [`${hold.id} is released: ${onWhat(hold)}`]);
    });
}

const onWhat = ({ on }: LegalHoldView): string =>
  on.kind === 'device'
    ? `${on.device} (${plain(on.user)})`
    : `${plain(on.user)}: ${on.devices} ${on.devices === 1 ? 'device' : 'devices'}`;
