import type { Command } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import type { z } from 'zod';
import { codePage, type codeView, createdCode } from '../../shared/api/codes.ts';
import { done } from '../../shared/api/wire.ts';
import { type Cli, commandOf } from './cli.ts';
import { type Client, queryOf } from './client.ts';
import { table, when } from './output.ts';
import { personForCode } from './people-commands.ts';

type CodeView = z.output<typeof codeView>;

interface CodeOptions {
  readonly person?: string;
  readonly user?: string;
  readonly group: string;
  readonly hours?: number;
}

export function addCodeCommands(program: Command, cli: Cli): void {
  const codes = commandOf(program, 'codes');
  codes
    .command('create')
    .description('Create an activation code, shown as a link and a QR code')
    .option('--person <person>', "id or name of the device's user")
    .option(
      '--user <name>',
      'create a person with this name, who becomes the user of the device. Fails if the name exists',
    )
    .requiredOption('--group <group>')
    .option(
      '--device <device>',
      'enroll this existing device again. It keeps its home area and legal seat unless you set new ones',
    )
    .option('--home <area>')
    .option('--seat <area>')
    .option('--hours <hours>', 'lifetime in hours', Number)
    .option('--mail-connector', 'enroll a mail connector, which reads all mail of the company. Only for owners')
    .action(async ({ hours, user, person: id, ...options }: CodeOptions) => {
      const personOptions = { group: options.group, ...(id && { person: id }), ...(user && { user }) };
      const person = await personForCode(cli.client(), personOptions);
      const body = { ...options, person, ...(hours === undefined ? {} : { expiresInHours: hours }) };
      const code = await cli.client().call(createdCode, 'POST', '/codes', body);
      const qr = renderUnicodeCompact(code.link);
      cli.out().show(code, [qr, code.link, `For one device, until ${when(code.expiresAt)}. It is not shown again.`]);
    });
  codes
    .command('list')
    .description('List activation codes: open codes first, then newest first')
    .option('--state <state>', 'state: open, used, expired or canceled')
    .action(async (options: Record<string, string>) => {
      const all = await allCodes(cli.client(), options);
      const rows = all.map(({ id, user, person, group, home, state, expiresAt, mailConnector }) => [
        id,
        user,
        person,
        group,
        home,
        state,
        when(expiresAt),
        mailConnector ? 'mail connector' : null,
      ]);
      cli.out().show(all, table(['id', 'user', 'person', 'group', 'home', 'state', 'expires', 'kind'], rows));
    });
  codes
    .command('cancel')
    .description('Cancel an unused activation code')
    .argument('<code>', 'id')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', `/codes/${encodeURIComponent(id)}`), ['Canceled.']);
    });
}

async function allCodes(client: Client, options: Record<string, string>): Promise<CodeView[]> {
  const all: CodeView[] = [];
  let cursor: string | null = null;
  do {
    const query = queryOf({ ...options, limit: '200', ...(cursor !== null && { cursor }) });
    const page: z.output<typeof codePage> = await client.call(codePage, 'GET', `/codes${query}`);
    all.push(...page.codes);
    cursor = page.cursor;
  } while (cursor !== null);
  return all;
}
