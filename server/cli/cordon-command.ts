/** Subclass of Commander's command that reports every missing option at once. Commander 14 stops at the first missing option. */
import { Command } from 'commander';

export class CordonCommand extends Command {
  override createCommand(name?: string): CordonCommand {
    return new CordonCommand(name);
  }

  /** Called by Commander for the first option that is missing. Its typings lack the method; `main.test.ts` fails if a new version ignores it. */
  missingMandatoryOptionValue(): void {
    const missing = this.options.filter(
      (option) => option.mandatory && this.getOptionValue(option.attributeName()) === undefined,
    );
    const lines = missing.map(({ flags }) => `error: required option '${flags}' not specified`);
    this.error(lines.join('\n'), { code: 'commander.missingMandatoryOptionValue' });
  }
}
