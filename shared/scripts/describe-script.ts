/** Text that describes a version of a script to the reviewer before signing. The text is computed from the exact bytes to sign. */
import type { Described } from '../order/describe-revision.ts';
import { parseScriptStatement, type ScriptStatement } from './statement.ts';

export function describeScript(payload: string): Described<ScriptStatement> {
  const document = parseScriptStatement(new TextEncoder().encode(payload));
  const { installation, script, version, name, purpose, interpreter, text, seconds, memory, output, author, expires } =
    document;
  return {
    document,
    title: `Version ${version} of the script “${name}” in installation ${installation}`,
    lines: [
      { label: 'script', value: script },
      { label: 'purpose', value: purpose },
      {
        label: 'effect',
        value: `Devices run this text with ${interpreter} as soon as an admin sends it, until ${expires}.`,
        grave: true,
      },
      { label: 'limits', value: `${seconds} seconds, ${memory} MiB of memory, ${output} KiB of output` },
      {
        label: 'arguments',
        value:
          document.arguments === undefined
            ? 'none'
            : `${document.arguments.join(', ')}. The admin who runs the script chooses the values.`,
        ...(document.arguments !== undefined && { grave: true }),
      },
      { label: 'author', value: author },
      { label: 'text digest', value: text },
    ],
  };
}
