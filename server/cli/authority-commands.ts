import type { Command } from 'commander';
import { type AuthorityView, authorityList, authorityView } from '../../shared/api/disclosures.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { table, when } from './output.ts';

export function addAuthorityCommands(program: Command, cli: Cli): void {
  const authorities = commandOf(program, 'authorities');
  const pathOf = (id: string, action: string) => `/authorities/${encodeURIComponent(id)}/${action}`;
  authorities
    .command('list')
    .description('List authorities and their keys')
    .action(async () => {
      const { authorities: listed } = await cli.client().call(authorityList, 'GET', '/authorities');
      const rows = listed.map(({ id, name, state, fingerprint, added }) => [
        id,
        name,
        state,
        fingerprint,
        when(added.at),
      ]);
      cli.out().show(listed, table(['id', 'name', 'state', 'fingerprint', 'added'], rows));
    });
  authorities
    .command('add')
    .description('Add an authority with its age key. A second person must verify the key')
    .argument('<name>')
    .requiredOption('--recipient <recipient>', 'public key (age1…) of the authority')
    .requiredOption('--verified-by <text>', 'how you got and verified the key, outside of Cordon')
    .action(async (name: string, { recipient, verifiedBy }: { recipient: string; verifiedBy: string }) => {
      const view = await cli.client().call(authorityView, 'POST', '/authorities', { name, recipient, verifiedBy });
      cli
        .out()
        .show(view, [
          ...linesOf(view),
          `A second person of the role legal must verify the fingerprint: cordon authorities confirm ${view.id}`,
        ]);
    });
  authorities
    .command('confirm')
    .description('Verify the key of an authority as a second person')
    .argument('<authority>')
    .requiredOption('--fingerprint <sha256>', 'SHA-256 of the key, as the authority told you')
    .requiredOption('--verified-by <text>', 'how you verified the fingerprint, outside of Cordon')
    .action(async (id: string, { fingerprint, verifiedBy }: { fingerprint: string; verifiedBy: string }) => {
      const view = await cli.client().call(authorityView, 'POST', pathOf(id, 'confirm'), { fingerprint, verifiedBy });
      cli.out().show(view, linesOf(view));
    });
  authorities
    .command('revoke')
    .description('Revoke the key of an authority. The desk then seals no further records to this key')
    .argument('<authority>')
    .requiredOption('--reason <text>')
    .action(async (id: string, { reason }: { reason: string }) => {
      const view = await cli.client().call(authorityView, 'POST', pathOf(id, 'revoke'), { reason });
      cli.out().show(view, linesOf(view));
    });
}

const linesOf = ({ id, name, state, fingerprint }: AuthorityView): string[] => [
  `${id}: ${plain(name)} (${state})`,
  `fingerprint ${fingerprint}`,
];
