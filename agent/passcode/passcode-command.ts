/** The commands `cordon-agent passcode …`: set, enter, change and remove the passcode of the workspace. */
import type { Command } from 'commander';
import { CordonError } from '../../shared/errors.ts';
import { readSecretLines } from '../../shared/secret-argument.ts';
import { plainJson } from '../../shared/text/visible-text.ts';
import type { AgentConfig } from '../config.ts';
import { type PasscodeAction, sendControlRequest } from '../control/control.ts';
import type { PasscodeView } from './passcode-work.ts';

export function addPasscodeCommands(
  program: Command,
  { config, say }: { readonly config: () => AgentConfig; readonly say: (lines: readonly string[]) => void },
): void {
  const passcode = program
    .command('passcode')
    .description('Set, enter, change or remove the passcode of the encrypted workspace');

  const ask = async (act: PasscodeAction): Promise<PasscodeView> => {
    const answered = await sendControlRequest(config().socket, { op: 'passcode', act });
    if (answered) return answered.ok as PasscodeView;
    throw new CordonError('unavailable', 'The agent does not run. Start it with `cordon-agent run --detach`.');
  };
  const sayView = async (view: PasscodeView) => {
    // The texts in 15 languages are loaded only here, because every start of the command line would take longer.
    const { passcodeWordsIn } = await import('../../shared/workspace/notice-words/passcode-words.ts');
    const { passcodeLines } = await import('./passcode-lines.ts');
    say(passcodeLines(view, passcodeWordsIn(config().languages)));
  };
  /** Asks without an echo, or reads one line for each question from standard input if it is no terminal. */
  const questions = async (...names: readonly ('passcode' | 'current' | 'next' | 'repeat')[]) => {
    const { passcodeWordsIn } = await import('../../shared/workspace/notice-words/passcode-words.ts');
    const words = passcodeWordsIn(config().languages);
    return {
      words,
      texts: await readSecretLines(
        process,
        names.map((name) => words[name]),
      ),
    };
  };
  const isTerminal = () => process.stdin.isTTY === true;
  const requireEqual = (next: string, repeated: string | undefined, difference: string) => {
    if (repeated !== undefined && repeated !== next) throw new CordonError('invalid_input', difference);
  };

  passcode
    .command('show', { isDefault: true })
    .description('Show whether a passcode is set, and whether the workspace waits for it')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const view = await ask({ kind: 'show' });
      if (json) return say([plainJson(view)]);
      await sayView(view);
    });
  passcode
    .command('set')
    .description('Set the passcode that your organization requires; reads it from the terminal or from standard input')
    .action(async () => {
      const { words, texts } = await questions('passcode', ...(isTerminal() ? (['repeat'] as const) : []));
      const [next = '', repeated] = texts;
      requireEqual(next, repeated, words.different);
      await sayView(await ask({ kind: 'set', passcode: next }));
    });
  passcode
    .command('enter')
    .description('Open the workspace with the passcode; reads it from the terminal or from standard input')
    .action(async () => {
      const [text = ''] = (await questions('passcode')).texts;
      await sayView(await ask({ kind: 'enter', passcode: text }));
    });
  passcode
    .command('change')
    .description('Change the passcode; standard input has the present and the next one, each in a line')
    .action(async () => {
      const { words, texts } = await questions('current', 'next', ...(isTerminal() ? (['repeat'] as const) : []));
      const [current = '', next = '', repeated] = texts;
      requireEqual(next, repeated, words.different);
      await sayView(await ask({ kind: 'change', current, next }));
    });
  passcode
    .command('remove')
    .description('Remove the passcode, if your organization no longer requires one')
    .action(async () => {
      const [text = ''] = (await questions('passcode')).texts;
      await sayView(await ask({ kind: 'remove', passcode: text }));
    });
  passcode
    .command('lock')
    .description('Lock the workspace now; it opens again with the passcode')
    .action(async () => sayView(await ask({ kind: 'lock' })));
}
