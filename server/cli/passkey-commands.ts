/** `cordon passkeys`: lists and removes the passkeys of the admin's own account. Only a browser can add one. */
import type { Command } from 'commander';
import { passkeysView } from '../../shared/api/passkeys.ts';
import { done } from '../../shared/api/wire.ts';
import { type Cli, commandOf } from './cli.ts';
import { table, when } from './output.ts';

export function addPasskeyCommands(program: Command, cli: Cli): void {
  const passkeys = commandOf(program, 'passkeys');
  passkeys
    .command('list')
    .description('List your passkeys, and count your unused recovery codes')
    .action(async () => {
      const view = await cli.client().call(passkeysView, 'GET', '/passkeys');
      const rows = table(
        ['id', 'name', 'purpose', 'works for', 'added', 'last used'],
        view.passkeys.map(({ id, name, purpose, rpId, createdAt, lastUsedAt }) => [
          id,
          name,
          purpose,
          rpId,
          when(createdAt),
          lastUsedAt === null ? null : when(lastUsedAt),
        ]),
      );
      cli.out().show(view, [...rows, `Unused recovery codes: ${view.recoveryCodes.unused}`]);
    });
  passkeys
    .command('remove')
    .description('Remove one of your passkeys')
    .argument('<id>', 'id of a passkey (psk_…)')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', `/passkeys/${encodeURIComponent(id)}`), ['Removed.']);
    });
}
