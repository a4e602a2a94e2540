/**
 * `cordon areas policy`: policies that assign disputed territories to countries. A policy applies to territories that an order does not
 * assign itself.
 */
import type { Command } from 'commander';
import {
  type PolicyComparisonView,
  policyComparisonView,
  type TerritoryPolicyView,
  territoryPolicyList,
  territoryPolicyView,
} from '../../shared/api/territory-policies.ts';
import { TERRITORIES } from '../../shared/areas/area-code.ts';
import { CONTESTED, claimantsOf } from '../../shared/areas/territory-policy.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { addArtifactCommands } from './artifact-commands.ts';
import type { Cli } from './cli.ts';
import { readText } from './local-files.ts';
import { table, when } from './output.ts';

const labelOf = ({ version, title, date }: Pick<TerritoryPolicyView, 'version' | 'title' | 'date'>) =>
  `version ${version}: ${plain(title)}${date === null ? '' : ` (${date})`}`;

export function addPolicyCommands(areas: Command, cli: Cli): void {
  const policy = areas.command('policy').description('Manage policies that assign disputed territories in new orders');
  const list = () => cli.client().call(territoryPolicyList, 'GET', '/territory-policies');

  policy
    .command('list')
    .description('List the policies and when each was active')
    .action(async () => {
      const view = await list();
      const importerOf = (account: string | null) =>
        account === null ? 'the server' : (view.people[account] ?? account);
      const rows = view.policies.map(({ version, title, date, importedAt, importedBy, hash, active }) => [
        version,
        plain(title),
        date,
        importedAt === null ? 'built in' : when(importedAt),
        importedAt === null ? null : importerOf(importedBy),
        hash,
        active ? 'active' : null,
      ]);
      const uses = view.activations.map(({ version, at, by }) => [when(at), version, importerOf(by)]);
      cli
        .out()
        .show(view, [
          ...table(['version', 'title', 'date', 'imported', 'by', 'hash', ''], rows),
          ...(uses.length === 0 ? [] : table(['active from', 'version', 'by'], uses)),
        ]);
    });
  policy
    .command('show')
    .description('Show the territories of a policy. Default: the active policy')
    .argument('[version]')
    .action(async (version?: string) => {
      const { policies } = await list();
      const found = policies.find((each) => (version === undefined ? each.active : `${each.version}` === version));
      if (!found)
        throw new CordonError(
          'not_found',
          `Version ${version} of the territory policy does not exist. List the versions with "cordon areas policy list".`,
        );
      const rows = TERRITORIES.map((feature) => {
        const { choice = CONTESTED, note = '' } = found.features[feature] ?? {};
        return [feature, claimantsOf(feature).join(' '), choice, plain(note)];
      });
      cli.out().show(found, [labelOf(found), ...table(['territory', 'claimed by', 'counts as', 'reason'], rows)]);
    });
  policy
    .command('import')
    .description('Import a policy. --activate also activates it')
    .argument('<file>', 'JSON file: version, title, date, and a choice and note per territory')
    .option('--activate')
    .action(async (file: string, options: { activate?: boolean }) => {
      const text = readText(file);
      const imported = await cli
        .client()
        .call(territoryPolicyView, 'POST', '/territory-policies', readJson(file, text));
      const view = options.activate ? await activate(String(imported.version)) : imported;
      cli.out().show(view, [`${labelOf(view)}${view.active ? ', active' : ''}`]);
    });
  const activate = addArtifactCommands(policy, cli, {
    noun: 'territory policy',
    path: '/territory-policies',
    key: 'version',
    activation: 'Activate a policy for new orders',
    artifact: territoryPolicyView,
    comparison: policyComparisonView,
    comparisonLines,
    subject: labelOf,
  });
}

function readJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CordonError(
      'invalid_input',
      `${file} is not valid JSON: ${why}. Correct the file and import it again.`,
      {},
      error,
    );
  }
}

function comparisonLines({ current, other, territories, orders }: PolicyComparisonView): string[] {
  const countryName = (area: string | null) => area ?? CONTESTED;
  return [
    `${labelOf(other)}, against ${labelOf(current)}`,
    ...(territories.length === 0
      ? ['Both policies make the same assignments.']
      : table(
          ['territory', 'now', 'then'],
          territories.map(({ territory, from, to }) => [territory, countryName(from), countryName(to)]),
        )),
    ...(orders.length === 0
      ? ['All active and announced orders agree with this policy.']
      : [
          'Orders that differ from this policy, and the impact of a revision by it:',
          ...table(
            ['order', 'title', 'signed', 'newly denied', 'newly allowed', 'for other reasons'],
            orders.map((one) => [
              one.order,
              plain(one.title),
              one.territories
                .map(({ territory, signed, policy }) => `${territory} ${countryName(signed)} → ${countryName(policy)}`)
                .join(', '),
              one.newlyDenied,
              one.newlyAllowed,
              one.otherReasons,
            ]),
          ),
        ]),
    'Signed orders do not change until a revision.',
  ];
}
