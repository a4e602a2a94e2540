/** Subclass of Commander's `Command` that reports all missing options at once. Commander 14 reports only the first missing option. */
import { Command } from 'commander';

export class CordonCommand extends Command {
  override createCommand(name?: string): CordonCommand {
    return new CordonCommand(name);
  }

  /**
   * Commander calls this method for the first missing option, but does not declare its type. `main.test.ts` fails if a new version of
   * Commander no longer calls it.
   */
  missingMandatoryOptionValue(): void {
    const missing = this.options.filter(
      (option) => option.mandatory && this.getOptionValue(option.attributeName()) === undefined,
    );
    const lines = missing.map(({ flags }) => `error: required option '${flags}' not specified`);
    this.error(lines.join('\n'), { code: 'commander.missingMandatoryOptionValue' });
  }
}
