import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { z } from 'zod';
import {
  policyComparison,
  policyList,
  policyRehearsalView,
  policyVersionList,
  policyVersionView,
  policyView,
} from '../../shared/api/policies.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { CATALOG, SETTING_IDS } from '../../shared/policy/catalog.ts';
import { compareRules, differenceTexts } from '../../shared/policy/policy-document.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { table, when } from './output.ts';

type PolicyRow = z.output<typeof policyView>;

const HEAD = ['place', 'id', 'name', 'version', 'rollout', 'newest', 'groups'];
const rowOf = ({ precedence, id, name, current, next, newestVersion, groups }: PolicyRow) => [
  precedence,
  id,
  plain(name),
  current,
  next && `version ${next.version} for ${next.percent} %`,
  newestVersion,
  groups.join(' '),
];
const pathOf = (id: string, rest = '') => `/policies/${encodeURIComponent(id)}${rest}`;

const VERSION = ['--version-number <number>', 'version of the policy', wholeNumber] as const;

function wholeNumber(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new CordonError('invalid_input', `${text} is not a whole number.`);
}

/** Content of a JSON file: an object with `settings` and `compliance`. The server checks it. */
function documentIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CordonError(
      'invalid_input',
      `${file} cannot be read as JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
}

export function addPolicyCommands(program: Command, cli: Cli): void {
  const policies = commandOf(program, 'policies');
  const show = (policy: PolicyRow) => cli.out().show(policy, table(HEAD, [rowOf(policy)]));
  addReadCommands(policies, cli, show);
  addDraftCommands(policies, cli, show);
  addEffectCommands(policies, cli, show);
}

type Show = (policy: PolicyRow) => void;

function addReadCommands(policies: Command, cli: Cli, show: Show): void {
  policies
    .command('catalog')
    .description('List the settings that a policy can have')
    .action(() => {
      const rows = SETTING_IDS.map((id) => {
        const { title, platforms, apply } = CATALOG[id];
        return [id, title, platforms.join(' '), apply === null ? 'checks' : 'checks and applies'];
      });
      cli.out().show(CATALOG, table(['setting', 'title', 'platforms', 'agent'], rows));
    });
  policies
    .command('list')
    .description('List the policies in their order of precedence')
    .action(async () => {
      const { policies: all } = await cli.client().call(policyList, 'GET', '/policies');
      cli.out().show(all, table(HEAD, all.map(rowOf)));
    });
  policies
    .command('show')
    .description('Show a policy')
    .argument('<policy>')
    .action(async (id: string) => show(await cli.client().call(policyView, 'GET', pathOf(id))));
  policies
    .command('versions')
    .description('List the versions of a policy, newest first')
    .argument('<policy>')
    .option('--before <number>', 'list versions before the version with this number')
    .action(async (id: string, options: Record<string, string>) => {
      const path = pathOf(id, `/versions${queryOf(options)}`);
      const { versions, people } = await cli.client().call(policyVersionList, 'GET', path);
      const rows = versions.map((each) => [
        each.version,
        when(each.createdAt),
        plain(people[each.createdBy] ?? each.createdBy),
        plain(each.note),
        each.digest,
      ]);
      cli.out().show(versions, table(['version', 'created', 'by', 'note', 'digest'], rows));
    });
  policies
    .command('version')
    .description('Print one version of a policy as JSON')
    .argument('<policy>')
    .argument('<version>')
    .action(async (id: string, number: string) => {
      const version = await cli.client().call(policyVersionView, 'GET', pathOf(id, `/versions/${wholeNumber(number)}`));
      cli.out().show(version, [JSON.stringify(version.document, null, 2)]);
    });
  policies
    .command('compare')
    .description('Compare the settings and the actions of two versions of a policy')
    .argument('<policy>')
    .argument('<from>')
    .argument('<to>')
    .action(async (id: string, from: string, to: string) => {
      const query = queryOf({ from: String(wholeNumber(from)), to: String(wholeNumber(to)) });
      const compared = await cli.client().call(policyComparison, 'GET', pathOf(id, `/comparison${query}`));
      const rules = compareRules(compared.from.document.compliance, compared.to.document.compliance);
      const rows = [
        ...compared.differences.map((each) => [
          each.setting,
          ...differenceTexts(each).map((text) => text && plain(text)),
        ]),
        ...rules.map((each) => [each.rule, hoursText(each.from), hoursText(each.to)]),
      ];
      cli.out().show(compared, table(['setting', `version ${from}`, `version ${to}`], rows));
    });
  policies
    .command('rehearse')
    .description('Show the devices that a rollout or an assignment would change. Nothing is changed')
    .argument('<policy>')
    .option(...VERSION)
    .option('--percent <number>', 'share of the devices', wholeNumber)
    .option('--group <group...>', 'groups of the assignment')
    .action(async (id: string, { versionNumber, percent, group }: Rehearse) => {
      const body = { version: versionNumber, percent, groups: group };
      const found = await cli.client().call(policyRehearsalView, 'POST', pathOf(id, '/rehearsal'), body);
      const rows = found.settings.map((each) => [
        each.setting,
        each.devices,
        each.met,
        each.notMet,
        each.devices - each.met - each.notMet,
      ]);
      cli
        .out()
        .show(found, [
          `${found.changed} of ${found.devices} devices get other settings, and ${found.otherActions} another grace period or other actions.`,
          ...table(['setting', 'devices', 'meet it already', 'do not meet it', 'not reported yet'], rows),
        ]);
    });
}

const hoursText = (hours: number | null): string | null => (hours === null ? null : `after ${hours} hours`);

interface Rehearse {
  readonly versionNumber?: number;
  readonly percent?: number;
  readonly group?: readonly string[];
}

function addDraftCommands(policies: Command, cli: Cli, show: Show): void {
  policies
    .command('add')
    .description('Create a policy from a JSON file. It has no effect before its rollout and assignment')
    .argument('<name>')
    .requiredOption('--document <file>', 'JSON file with settings and compliance')
    .option('--note <text>', 'reason, shown in the list of versions', '')
    .action(async (name: string, { document, note }: { document: string; note: string }) => {
      const body = { name, document: documentIn(document), note };
      show(await cli.client().call(policyView, 'POST', '/policies', body));
    });
  policies
    .command('rename')
    .description('Rename a policy')
    .argument('<policy>')
    .argument('<name>')
    .action(async (id: string, name: string) => {
      show(await cli.client().call(policyView, 'PATCH', pathOf(id), { name }));
    });
  policies
    .command('add-version')
    .description('Create the next version of a policy from a JSON file. It has no effect before its rollout')
    .argument('<policy>')
    .requiredOption('--document <file>', 'JSON file with settings and compliance')
    .option('--note <text>', 'reason, shown in the list of versions', '')
    .action(async (id: string, { document, note }: { document: string; note: string }) => {
      const { newestVersion } = await cli.client().call(policyView, 'GET', pathOf(id));
      const body = { after: newestVersion, document: documentIn(document), note };
      const made = await cli.client().call(policyVersionView, 'POST', pathOf(id, '/versions'), body);
      cli.out().show(made, [`Version ${made.version} is stored. Roll it out to make it effective.`]);
    });
}

function addEffectCommands(policies: Command, cli: Cli, show: Show): void {
  policies
    .command('roll-out')
    .description('Roll a version out to a share of the devices. 100 makes it the current version, 0 ends the rollout')
    .argument('<policy>')
    .requiredOption(...VERSION)
    .requiredOption('--percent <number>', 'share of the devices', wholeNumber)
    .action(async (id: string, { versionNumber: version, percent }: { versionNumber: number; percent: number }) => {
      show(await cli.client().call(policyView, 'POST', pathOf(id, '/rollout'), { version, percent }));
    });
  policies
    .command('roll-back')
    .description('Create a version that equals an earlier one, and roll it out to all devices')
    .argument('<policy>')
    .requiredOption(...VERSION)
    .action(async (id: string, { versionNumber: version }: { versionNumber: number }) => {
      show(await cli.client().call(policyView, 'POST', pathOf(id, '/rollback'), { version }));
    });
  policies
    .command('assign')
    .description('Assign a policy to exactly the given groups. Without groups, the policy applies to no device')
    .argument('<policy>')
    .argument('[groups...]')
    .action(async (id: string, groups: readonly string[]) => {
      show(await cli.client().call(policyView, 'POST', pathOf(id, '/groups'), { groups }));
    });
  policies
    .command('order')
    .description('Set the order of precedence. Name every policy once, the one with precedence first')
    .argument('<policies...>')
    .action(async (ids: readonly string[]) => {
      const { policies: all } = await cli.client().call(policyList, 'POST', '/policy-order', { policies: ids });
      cli.out().show(all, table(HEAD, all.map(rowOf)));
    });
  policies
    .command('remove')
    .description('Delete a policy that is assigned to no group')
    .argument('<policy>')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', pathOf(id)), ['Removed.']);
    });
}
