import type { Command } from 'commander';
import { type ActionView, actionConfirmed, actionDetail, actionList, actionView } from '../../shared/api/actions.ts';
import { confirmersText, effectText } from '../../shared/api/confirmation-words.ts';
import { soloLimitText } from '../../shared/api/solo-limit-words.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { table, when } from './output.ts';

export function addActionCommands(program: Command, cli: Cli): void {
  const actions = commandOf(program, 'actions');
  actions
    .command('list')
    .description('List the actions that you proposed or may decide')
    .action(async () => {
      const { actions: all, people, soloLimit } = await cli.client().call(actionList, 'GET', '/actions');
      const name = (account: string) => people[account] ?? account;
      const rows = all.map((one) => [
        one.id,
        one.action,
        one.devices,
        one.status,
        name(one.proposedBy),
        when(one.expiresAt),
      ]);
      cli
        .out()
        .show({ actions: all, people, soloLimit }, [
          ...table(['id', 'action', 'devices', 'status', 'proposed by', 'expires'], rows),
          soloLimitText(soloLimit),
        ]);
    });
  actions
    .command('show')
    .description('Show an action and its devices')
    .argument('<action>', 'id')
    .action(async (id: string) => {
      const shown = await cli.client().call(actionDetail, 'GET', pathOf(id));
      const name = (account: string) => plain(shown.people[account] ?? account);
      cli
        .out()
        .show(shown, [
          `${shown.action} for ${count(shown)}, proposed by ${name(shown.proposedBy)} at ${when(shown.proposedAt)}`,
          ...(shown.policy === null ? [] : [`policy: ${plain(shown.policy)}`]),
          ...(shown.route.startsWith('policies.') ? [`request: ${JSON.stringify(shown.body)}`] : []),
          ...(shown.effects ?? []).map(effectText),
          ...(shown.effects?.length === 0 ? ['The change alters the effect of no order now.'] : []),
          `status: ${shown.status}`,
          ...(shown.confirmers ? [plain(confirmersText(shown.confirmers))] : []),
          `expires: ${when(shown.expiresAt)}`,
          `hash: ${shown.hash}`,
          'devices:',
          ...shown.scope.map((device) => `  ${device}`),
          ...(shown.devices > shown.scope.length ? [`  and ${shown.devices - shown.scope.length} more`] : []),
        ]);
    });
  actions
    .command('confirm')
    .description('Confirm an action as the second person. The server then performs it')
    .argument('<action>', 'id')
    .option(
      '--hash <hash>',
      'hash of the action that you reviewed; the command fails if the action has changed. Default: the current hash',
    )
    .option('--devices <count>', 'expected number of devices; stop if the action affects more or fewer', Number)
    .action(async (id: string, { hash, devices }: { hash?: string; devices?: number }) => {
      const shown = await cli.client().call(actionDetail, 'GET', pathOf(id));
      if (devices !== undefined && devices !== shown.devices) {
        throw new CordonError(
          'conflict',
          `The action affects ${shown.devices} devices, not ${devices}. Review it with cordon actions show.`,
          { id },
        );
      }
      const body = { hash: hash ?? shown.hash };
      const { action, result } = await cli.client().call(actionConfirmed, 'POST', `${pathOf(id)}/confirm`, body);
      cli.out().show({ action, result }, [`${action.id}: ${action.action} for ${count(action)} ${action.status}.`]);
    });
  actions
    .command('decline')
    .description('Decline an action, or withdraw your own')
    .argument('<action>', 'id')
    .requiredOption('--reason <text>', 'reason, shown to other admins')
    .action(async (id: string, body: { reason: string }) => {
      const action = await cli.client().call(actionView, 'POST', `${pathOf(id)}/decline`, body);
      cli.out().show(action, [`${action.id} is ${action.status}.`]);
    });
}

const pathOf = (id: string): string => `/actions/${encodeURIComponent(id)}`;
const count = ({ devices }: ActionView): string => `${devices} ${devices === 1 ? 'device' : 'devices'}`;
