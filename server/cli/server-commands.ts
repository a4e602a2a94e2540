/** `cordon health`: shows the state of the server. `cordon openapi`: prints the OpenAPI document of its API. */
import type { Command } from 'commander';
import { z } from 'zod';
import { healthView } from '../../shared/api/health.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { when } from './output.ts';

export function addServerCommands(program: Command, cli: Cli): void {
  commandOf(program, 'health').action(async () => {
    const view = await cli.client().call(healthView, 'GET', '/health');
    const list = view.list ? `${view.list.version}, expires ${when(view.list.expiresAt)}` : 'none';
    const database = view.ipDatabase
      ? `${plain(view.ipDatabase.name)}, built ${when(view.ipDatabase.builtAt)}`
      : 'none';
    cli
      .out()
      .show(view, [
        `${view.status}: Cordon ${view.version}, installation ${view.installation}${view.connected === null ? '' : `, ${view.connected} connected`}`,
        `order list: ${list}`,
        `IP database: ${database}`,
      ]);
  });
  commandOf(program, 'openapi').action(async () => {
    const document = z.looseObject({}).parse(await (await cli.client().raw('GET', '/api/openapi.json')).json());
    cli.out().show(document, [JSON.stringify(document, null, 2)]);
  });
}
