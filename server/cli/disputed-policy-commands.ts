/** areas policy: to whom disputed ground counts when an order says nothing of it. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  type DisputedPolicyView,
  disputedPolicyList,
  disputedPolicyView,
  type PolicyComparisonView,
  policyComparisonView,
} from '../../shared/api/disputed-policies.ts';
import { DISPUTED_FEATURES } from '../../shared/areas/area-code.ts';
import { CONTESTED, claimsOn } from '../../shared/areas/disputed-policy.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { table, when } from './output.ts';

const named = ({ version, title, date }: Pick<DisputedPolicyView, 'version' | 'title' | 'date'>) =>
  `version ${version}: ${plain(title)}${date === null ? '' : ` (${date})`}`;

export function addPolicyCommands(areas: Command, cli: Cli): void {
  const policy = areas
    .command('policy')
    .description('to whom disputed ground counts when an order says nothing of it; what is signed stays as it is');
  const ask = () => cli.client().call(disputedPolicyList, 'GET', '/disputed-policies');

  policy
    .command('list')
    .description('the policies at hand, and which stood when')
    .action(async () => {
      const view = await ask();
      const whose = (account: string | null) => (account === null ? 'the server' : (view.people[account] ?? account));
      const rows = view.policies.map(({ version, title, date, importedAt, importedBy, hash, active }) => [
        ...[version, plain(title), date, importedAt === null ? 'built in' : when(importedAt)],
        ...[importedAt === null ? null : whose(importedBy), hash, active ? 'active' : null],
      ]);
      const uses = view.uses.map(({ version, at, by }) => [when(at), version, whose(by)]);
      cli
        .out()
        .show(view, [
          ...table(['version', 'title', 'date', 'imported', 'by', 'hash', ''], rows),
          ...(uses.length === 0 ? [] : table(['in force from', 'version', 'by'], uses)),
        ]);
    });
  policy
    .command('show')
    .description('what a policy says of each place; without a version, the one in force')
    .argument('[version]')
    .action(async (version?: string) => {
      const { policies } = await ask();
      const found = policies.find((each) => (version === undefined ? each.active : `${each.version}` === version));
      if (!found) throw new CordonError('not_found', `There is no policy of version ${version}: list shows them.`);
      const rows = DISPUTED_FEATURES.map((feature) => {
        const { choice = CONTESTED, note = '' } = found.features[feature] ?? {};
        return [feature, claimsOn(feature).join(' '), choice, plain(note)];
      });
      cli.out().show(found, [named(found), ...table(['place', 'claimed by', 'counts as', 'why'], rows)]);
    });
  policy
    .command('import')
    .description('bring a policy to the server; --activate lets it stand from now on')
    .argument('<file>', 'JSON: version, title, date and for each place its choice and a note')
    .option('--activate')
    .action(async (file: string, { activate }: { activate?: boolean }) => {
      const text = await readFile(file, 'utf8').catch((error: Error) => {
        throw new CordonError('not_found', `Cannot read ${file}: ${error.message}.`, {}, error);
      });
      const imported = await cli.client().call(disputedPolicyView, 'POST', '/disputed-policies', readJson(file, text));
      const view = activate ? await take(String(imported.version)) : imported;
      cli.out().show(view, [`${named(view)}${view.active ? ', in force' : ''}`]);
    });
  policy
    .command('compare')
    .description('what it would do, before it is taken; nothing is changed')
    .argument('<version>')
    .action(async (version: string) => {
      const path = `/disputed-policies/${encodeURIComponent(version)}/comparison`;
      const view = await cli.client().call(policyComparisonView, 'GET', path);
      cli.out().show(view, comparisonLines(view));
    });
  policy
    .command('activate')
    .description('let orders that are proposed from now on take it over')
    .argument('<version>')
    .action(async (version: string) => {
      const view = await take(version);
      cli.out().show(view, [`${named(view)} is in force.`]);
    });
  policy
    .command('rollback')
    .description('let the policy stand again that stood before')
    .action(async () => {
      const view = await cli.client().call(disputedPolicyView, 'POST', '/disputed-policies/rollback');
      cli.out().show(view, [`${named(view)} is in force again.`]);
    });
  const take = (version: string) =>
    cli.client().call(disputedPolicyView, 'POST', `/disputed-policies/${encodeURIComponent(version)}/activate`);
}

function readJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CordonError('invalid_input', `${file} is no JSON: ${why}.`, {}, error);
  }
}

function comparisonLines({ current, other, features, orders }: PolicyComparisonView): string[] {
  const word = (area: string | null) => area ?? CONTESTED;
  return [
    `${named(other)}, against ${named(current)}`,
    ...(features.length === 0
      ? ['Both count all ground alike.']
      : table(
          ['place', 'now', 'then'],
          features.map(({ feature, from, to }) => [feature, word(from), word(to)]),
        )),
    ...(orders.length === 0
      ? ['Every order in force or announced was signed as this policy would have it.']
      : [
          'Orders that were signed otherwise, and what would be if each were revised by it:',
          ...table(
            ['order', 'title', 'signed', 'newly denied', 'newly allowed', 'for other reasons'],
            orders.map((one) => [
              ...[one.order, plain(one.title)],
              one.features
                .map(({ feature, signed, policy }) => `${feature} ${word(signed)} → ${word(policy)}`)
                .join(', '),
              ...[one.newlyDenied, one.newlyAllowed, one.otherReasons],
            ]),
          ),
        ]),
    'Orders that are signed stay as they are until somebody revises them.',
  ];
}
