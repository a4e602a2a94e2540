/** Names of options and arguments in errors. Columns: command, field of the request, name. */
import { Command } from 'commander';
import { beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { fieldErrorsOf } from '../../shared/api/field-errors.ts';
import { COMMAND_GROUPS } from './commands.ts';
import { readCliConfig } from './config.ts';
import { fieldErrorLines } from './field-errors.ts';

const program = new Command('cordon');
beforeAll(async () => {
  const unused = () => {
    throw new Error('no command runs here');
  };
  const { stdin, stdout, stderr } = process;
  const cli = { config: readCliConfig({}), terminal: { stdin, stdout, stderr }, out: unused, client: unused };
  for (const { commands, load } of COMMAND_GROUPS) {
    for (const name of Object.keys(commands)) program.command(name);
    (await load())(program, { ...cli, exitWith: unused });
  }
});

function commandOf(words: string): Command {
  return words.split(' ').reduce((parent, word) => {
    const found = parent.commands.find((command) => command.name() === word);
    if (found === undefined) throw new Error(`no command ${words}`);
    return found;
  }, program);
}

it.each([
  ['orders propose', 'title', '--title'],
  ['orders propose', 'body.areas.1', '--areas'],
  ['orders propose', 'statement.en', '--statement'],
  ['orders propose', 'decision.by', '--considered-by'],
  ['orders propose', 'decision.considered', '--considered'],
  ['orders propose', 'publication.until', '--publish-at'],
  ['orders propose', 'publication.law', '--withheld-by'],
  ['orders propose', 'exempt.0.device', '--exempt'],
  ['orders propose', 'exempt.0.group', '--exempt-group'],
  ['orders propose', 'exempt.0.until', '--exempt-until'],
  ['orders propose', 'documents.0.title', '--document'],
  ['orders propose', 'noticePlan.0', '--notice-plan'],
  ['orders extend', 'body.until', '--until'],
  ['orders pause', 'body.basis.court.name', '--court'],
  ['orders pause', 'body.basis.court.case', '--case'],
  ['orders withdraw', 'body.basis.reason', '--reason'],
  ['orders resume', 'path.number', '<number>'],
  ['orders approve', 'path.revision', '<revision>'],
  ['orders decline', 'body.reason', '--reason'],
  ['devices list', 'query.status', '--status'],
  ['devices list', 'query.cursor', '--cursor'],
  ['codes create', 'body.home', '--home'],
  ['people add', 'body.email', '--email'],
  // A field without an option keeps its name.
  ['orders pause', 'body.title', 'title'],
])('%s: %s is %s', (command, path, name) => {
  expect(fieldErrorLines(commandOf(command), [{ path, words: 'must be another one' }])).toEqual([
    `${name} must be another one`,
  ]);
});

it('describes each fault without the value', () => {
  const schema = z.strictObject({
    title: z.string().min(1),
    areas: z.array(z.string()).min(1).max(2),
    mode: z.enum(['suspend', 'exit']),
    effective: z.string(),
    visitors: z.string().regex(/^P/),
    number: z.int().max(3),
    answers: z.string().regex(/^\d/, 'must be a year and a number, such as 2015-001'),
  });
  const given = { title: '', areas: [], mode: 'secret', visitors: 'a week', number: 4, answers: 'x', more: 1 };
  const parsed = schema.safeParse(given);
  expect(parsed.error && fieldErrorsOf(parsed.error, ['body']).map(({ path, words }) => `${path}: ${words}`)).toEqual([
    'body.title: must not be empty',
    'body.areas: must not be empty',
    'body.mode: must be one of suspend, exit',
    'body.effective: is missing',
    'body.visitors: must be in the documented format',
    'body.number: must be at most 3',
    'body.answers: must be a year and a number, such as 2015-001',
    'body: has no field more',
  ]);
});

it.each([
  ['pause', ['--reason', '--document', '--court', '--case']],
  ['resume', ['--reason', '--document', '--court', '--case']],
  ['withdraw', ['--reason', '--document', '--court', '--case']],
  ['extend', ['--effective', '--until', '--zone', '--reason', '--document', '--court', '--case']],
  ['exit', []],
  ['approve', ['--key', '--passphrase-file', '--digest', '--yes', '--immediate']],
  ['retract', []],
  ['decline', ['--reason']],
  ['confirm', []],
])('orders %s shows only the options that apply', (name, flags) => {
  expect(commandOf(`orders ${name}`).options.map(({ long }) => long)).toEqual(flags);
});
