/** `cordon orders`: adds its subcommands in the order in which the help lists them. */
import type { Command } from 'commander';
import { type Cli, commandOf } from './cli.ts';
import { addApprovalCommands } from './order-approval-commands.ts';
import { addDocumentCommands } from './order-document-commands.ts';
import { addEffectCommands } from './order-effect-commands.ts';
import { addProposalCommands } from './order-proposal-commands.ts';
import { addViewCommands } from './order-view-commands.ts';
import { addOrderPackCommand } from './pack-commands.ts';
import { addProceedingCommands } from './proceeding-commands.ts';
import { addRehearsalCommands } from './rehearsal-commands.ts';
import { addRolloutCommand } from './rollout-command.ts';

export function addOrderCommands(program: Command, cli: Cli): void {
  const orders = commandOf(program, 'orders');
  addViewCommands(orders, cli);
  addRolloutCommand(orders, cli);
  addProposalCommands(orders, cli);
  addApprovalCommands(orders, cli);
  addDocumentCommands(orders, cli);
  addEffectCommands(orders, cli);
  addProceedingCommands(orders, cli);
  addRehearsalCommands(orders, cli);
  addOrderPackCommand(orders, cli);
}
