/** Territory policies: the active default assignment of disputed territories as a map and a table, and a list of all versions. */
import { Button, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import {
  LARGEST_POLICY,
  policyComparisonView,
  type TerritoryPolicyView,
  type territoryPolicyList,
  territoryPolicyView,
} from '../../../shared/api/territory-policies.ts';
import { TERRITORIES } from '../../../shared/areas/area-code.ts';
import { sentence } from '../../../shared/areas/area-words.ts';
import { CONTESTED, territoryMapOf } from '../../../shared/areas/territory-policy.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { saveFile } from '../../../shared/look/save-file.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { policiesQuery } from '../client/policies-query.ts';
import { choiceName, claimantsText, disputedName } from '../words/territories.ts';
import { PolicyComparison } from './policy-comparison.tsx';
import { scrollRegion } from './scroll-region.ts';
import { TerritoryMap } from './territory-map.tsx';
import { type ArtifactKind, VersionedArtifacts } from './versioned-artifacts.tsx';

type View = z.output<typeof territoryPolicyList>;

const KIND: ArtifactKind<typeof territoryPolicyView, typeof policyComparisonView> = {
  noun: 'policy',
  route: 'territory-policies',
  listKey: policiesQuery.queryKey,
  artifact: territoryPolicyView,
  comparison: policyComparisonView,
  file: { label: 'Policy file', accept: '.json,application/json' },
  importFile,
  keyOf: ({ version }) => version,
  nameOf: ({ title }) => title,
  preview: {
    verb: ({ active }) => (active ? 'Compare with orders' : 'Compare with active policy'),
    label: ({ version }, verb) => `${verb}: policy version ${version}`,
    title: ({ active }) => (active ? 'Orders that differ from this policy' : 'Impact preview of this policy'),
    content: (comparison) => <PolicyComparison comparison={comparison} />,
    activationEffect:
      'After you activate this policy, new proposals start with its assignments. The ledger records the change. You can roll back at any time.',
  },
  rollbackTitle: 'Roll back policy',
  rollbackEffect: (name) => <>New proposals start with {name} again. The ledger records the change.</>,
  importEffect: ({ version, title }) => (
    <>
      Version {version}, <UserText>{title}</UserText>, is not active yet. Compare it with the active policy, then
      activate it.
    </>
  ),
};

export function TerritoryPolicies() {
  const policies = useQuery(policiesQuery);
  return (
    <Stack gap="sm">
      <Text c="dimmed" maw={760}>
        Each order assigns disputed territories to countries. A proposal starts with the assignments of your policy for
        its areas. In a contested territory, the order’s rule for contested locations applies. The policy does not
        change signed orders.
      </Text>
      <QueryResult query={policies}>
        {(view) => (
          <>
            {view.policies
              .filter(({ active }) => active)
              .map((policy) => (
                <PolicyMap key={policy.version} policy={policy} />
              ))}
            {view.policies.length === 1 && (
              <Text>
                No policy imported. Download a template, assign each of its territories to a country, and import the
                file.
              </Text>
            )}
            <VersionedArtifacts
              kind={KIND}
              artifacts={view.policies}
              activations={view.activations.map(({ version: key, ...use }) => ({ key, ...use }))}
              firstKey={0}
              people={view.people}
              details={({ version, date }) => ({ before: `Version ${version}${date === null ? '' : ` of ${date}`}` })}
              activationName={(version, name) => (
                <>
                  version {version}, {name}
                </>
              )}
              extraButton={
                <Button variant="default" onClick={() => saveTemplate(view)}>
                  Download template
                </Button>
              }
            />
          </>
        )}
      </QueryResult>
    </Stack>
  );
}

function PolicyMap({ policy }: { readonly policy: TerritoryPolicyView }) {
  return (
    <>
      <TerritoryMap assigned={territoryMapOf(policy)} />
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: scrollRegion('Disputed territories') }}>
        <Table captionSide="top">
          <Table.Caption>
            Active: version {policy.version}, <UserText>{policy.title}</UserText>
          </Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Territory</Table.Th>
              <Table.Th>Claimed by</Table.Th>
              <Table.Th>Default assignment</Table.Th>
              <Table.Th>Reason</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {TERRITORIES.map((feature, index) => (
              <Table.Tr key={feature}>
                <Table.Th scope="row">
                  {index + 1}. {disputedName(feature)}
                </Table.Th>
                <Table.Td>{claimantsText(feature)}</Table.Td>
                <Table.Td>{sentence(choiceName(policy.features[feature]?.choice))}</Table.Td>
                <Table.Td>
                  <UserText>{policy.features[feature]?.note ?? ''}</UserText>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

async function importFile(file: File): Promise<TerritoryPolicyView> {
  if (file.size > LARGEST_POLICY) {
    throw new ApiError(
      'too_large',
      'The file is larger than 100 kB, the limit for a policy. Choose a smaller file.',
      0,
    );
  }
  const text = await file.text();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // Use a simpler error text here, because the JSON parser's text is for programmers.
    throw new ApiError('invalid_input', 'The file is not valid JSON. Download a template and edit it.', 0);
  }
  return call('POST', '/territory-policies', territoryPolicyView, document);
}

/** Saves the active assignments as a template for the next version. The admin must add the missing notes before importing the file. */
function saveTemplate({ policies }: View): void {
  const inForce = policies.find(({ active }) => active);
  const version = Math.max(...policies.map((policy) => policy.version)) + 1;
  const date = new Date().toISOString().slice(0, 10);
  const all = TERRITORIES.map((feature) => [feature, inForce?.features[feature] ?? { choice: CONTESTED, note: '' }]);
  const text = JSON.stringify({ version, title: inForce?.title, date, features: Object.fromEntries(all) }, null, 2);
  saveFile(new Blob([text], { type: 'application/json' }), `territory-policy-${version}.json`);
}
