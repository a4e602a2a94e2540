/** Commands of `cordon` and `cordon-agent` in documents and units: each must exist, with each of its options. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, it, vi } from 'vitest';
import { main as runAgent } from '../../agent/main.ts';
import { COMMAND_GROUPS } from '../../server/cli/commands.ts';
import { readCliConfig } from '../../server/cli/config.ts';
import { CordonCommand } from '../../server/cli/cordon-command.ts';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENTS = ['*.md', 'server/*.md', 'server/adr/*.md', '{server,agent}/*.service'];
const OF_EVERY_COMMAND = ['--server', '--json', '--help', '--version'];

const documented = DOCUMENTS.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).flatMap((document) =>
  commandLines(readFileSync(join(ROOT, document), 'utf8')).map((line) => ({ document, line })),
);

/** Lines of code blocks, and code spans. A comment at the end of a line is left out. */
function commandLines(text: string): string[] {
  const block = /```\w*\n([\s\S]*?)```/g;
  const blocks = [...text.matchAll(block)].flatMap(([, code = '']) => code.replaceAll('\\\n', ' ').split('\n'));
  const spans = [...text.replaceAll(block, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) =>
    span.replaceAll(/\s+/g, ' '),
  );
  return [...blocks, ...spans]
    .flatMap((line) => line.split(/ && |; /))
    .map((line) => line.replace(/\s#.*$/, '').trim());
}

/** Words after the name of the program; null for a line that starts another program. */
function argumentsOf(program: string, line: string): string[] | null {
  const found = new RegExp(`^(?:[A-Z_]+=\\S+ )*(?:npx )?${program} ([a-z].*)$`).exec(line);
  return found?.[1]?.split(' ') ?? null;
}

const optionsIn = (words: readonly string[]) => words.filter((word) => /^--[a-z-]+$/.test(word));

it('cordon has each documented command and option', async () => {
  const program = new CordonCommand('cordon');
  const unused = (): never => {
    throw new Error('no command runs in this test');
  };
  for (const { commands } of COMMAND_GROUPS) for (const name of Object.keys(commands)) program.command(name);
  for (const { load } of COMMAND_GROUPS) {
    (await load())(program, {
      config: readCliConfig({}),
      terminal: process,
      out: unused,
      client: unused,
      exitWith: unused,
    });
  }
  // A document may leave out the name of the program: `policies roll-out`.
  const top = new Set(program.commands.map((command) => command.name()));
  const lines = documented.flatMap(({ document, line }) => {
    const named = argumentsOf('cordon', line);
    const words = named ?? (line.includes(' ') ? line.split(' ') : []);
    return named || top.has(words[0] ?? '') ? [{ document, line, words }] : [];
  });
  const wrong = lines.flatMap(({ document, line, words }) => {
    let command: Command = program;
    let rest = words;
    for (;;) {
      const next = command.commands.find((each) => each.name() === rest[0]);
      if (!next) break;
      command = next;
      rest = rest.slice(1);
    }
    const known = [...command.options.map(({ long }) => long), ...OF_EVERY_COMMAND];
    const isUnknown = command.commands.length > 0 && /^[a-z]/.test(rest[0] ?? '');
    const options = optionsIn(rest).filter((option) => !known.includes(option));
    return isUnknown || options.length > 0 ? [{ document, line, options }] : [];
  });
  expect(lines.length).toBeGreaterThan(200);
  expect(wrong).toEqual([]);
});

it('cordon-agent has each documented command and option', async () => {
  let help = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    help += String(text);
    return true;
  });
  const wrong: object[] = [];
  let count = 0;
  try {
    for (const { document, line } of documented) {
      const words = argumentsOf('cordon-agent', line);
      if (!words) continue;
      count += 1;
      const path = words.slice(0, words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word)) >>> 0);
      help = '';
      await runAgent([...path, '--help']);
      const [usage = ''] = help.split('\n');
      // The help of an unknown subcommand is that of its parent.
      const exists = usage.startsWith(`Usage: cordon-agent ${path.join(' ')} `);
      const options = optionsIn(words.slice(path.length)).filter((option) => !help.includes(option));
      if (!exists || options.length > 0) wrong.push({ document, line, usage, options });
    }
  } finally {
    write.mockRestore();
  }
  expect(count).toBeGreaterThan(20);
  expect(wrong).toEqual([]);
});
