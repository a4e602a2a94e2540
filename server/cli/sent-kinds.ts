/** Kinds of commands that "cordon commands" sends. Other kinds need options, which another command of `cordon` has. */
import { CordonError } from '../../shared/errors.ts';
import { COMMAND_KINDS, type CommandKind } from '../../shared/protocol/command-kinds.ts';

const OTHER_COMMAND: Readonly<Partial<Record<CommandKind, string>>> = {
  'push-file': 'cordon files push',
  'fetch-file': 'cordon files fetch',
  'run-script': 'cordon scripts run',
  'change-software': 'cordon packages install, update or remove',
  'roll-back-software': 'cordon packages roll-back',
  'install-package': 'cordon packages install-own',
  'update-os': 'cordon packages update-os',
};

export const SENT_KINDS: readonly CommandKind[] = COMMAND_KINDS.filter((kind) => OTHER_COMMAND[kind] === undefined);

/** Parser of the argument `kind`. */
export function sentKind(text: string): CommandKind {
  const sent = SENT_KINDS.find((kind) => kind === text);
  if (sent) return sent;
  const other = Object.entries(OTHER_COMMAND).find(([kind]) => kind === text)?.[1];
  throw new CordonError(
    'invalid_input',
    other
      ? `The command ${text} needs options of its own. Use: ${other}.`
      : `There is no command ${text}. Choose one of: ${SENT_KINDS.join(', ')}.`,
  );
}
