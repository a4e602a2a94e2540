/** To whom disputed ground counts when an order says nothing of it: on the map, in words, and how to change it. */
import { Alert, Badge, Button, Group, Paper, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import {
  type DisputedPolicyView,
  type disputedPolicyList,
  disputedPolicyView,
  LARGEST_POLICY,
  policyComparisonView,
} from '../../../shared/api/disputed-policies.ts';
import { DISPUTED_FEATURES } from '../../../shared/areas/area-code.ts';
import { sentence } from '../../../shared/areas/area-words.ts';
import { CONTESTED, groundMapOf } from '../../../shared/areas/disputed-policy.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
import { Refusal } from '../../../shared/look/refusal.ts';
import { Answer, Failure } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { call } from '../client/call.ts';
import { policiesQuery } from '../client/policies-query.ts';
import { question } from '../client/queries.ts';
import { keepFile } from '../client/save-file.ts';
import { useMay } from '../client/session.tsx';
import { ChooseFile } from '../parts/choose-file.tsx';
import { choiceName, claimantsWords, disputedName } from '../words/ground.ts';
import { DisputedMap } from './disputed-map.tsx';
import { PolicyComparison } from './policy-comparison.tsx';
import { scrolled } from './scrolled.ts';
import { TakeDialog, Uses } from './taken-in-turn.tsx';

type View = z.output<typeof disputedPolicyList>;
/** Asked anew each time it is looked at: the fleet moves. */
const comparisonQuestion = (version: number) => ({
  ...question(['orders'], `/disputed-policies/${version}/comparison`, policyComparisonView),
  gcTime: 0,
});

export function DisputedPolicies() {
  const policies = useQuery(policiesQuery);
  const may = useMay();
  const client = useQueryClient();
  const [looked, setLooked] = useState<DisputedPolicyView | null>(null);
  const [back, setBack] = useState(false);
  const anew = () => client.invalidateQueries({ queryKey: policiesQuery.queryKey });
  const imported = useMutation({ mutationFn: importFile, onSuccess: anew });
  return (
    <Stack gap="sm">
      <Text c="dimmed" maw={760}>
        Whose it is, each order says itself. When one is proposed, it takes over what your policy says of the ground
        that its areas touch, unless whoever proposes it says otherwise. What is contested counts to nobody: the order’s
        rule for places in doubt decides. Orders that are signed stay as they are.
      </Text>
      <Answer query={policies}>
        {(view) => (
          <>
            {view.policies
              .filter(({ active }) => active)
              .map((policy) => (
                <Ground key={policy.version} policy={policy} />
              ))}
            {view.policies.length === 1 && (
              <Text>
                No policy was imported yet: save a file to start from, say in it whose each place is, and import it.
              </Text>
            )}
            <Stack gap="xs">
              {view.policies.map((policy) => (
                <One
                  key={policy.version}
                  policy={policy}
                  people={view.people}
                  look={may('disputed-policies.compare') ? () => setLooked(policy) : null}
                />
              ))}
            </Stack>
            {view.uses.length > 0 && (
              <Uses
                title="Which stood when"
                people={view.people}
                uses={view.uses.map(({ version, at, by }) => ({
                  ...{ key: String(version), at, by },
                  what: (
                    <>
                      version {version}, <Given>{titleOf(view, version)}</Given>
                    </>
                  ),
                }))}
                back={
                  may('disputed-policies.rollback') && before(view) !== undefined
                    ? { label: 'Go back to the policy before…', ask: () => setBack(true) }
                    : null
                }
              />
            )}
            {may('disputed-policies.import') && (
              <Group>
                <ChooseFile
                  what="A policy file"
                  accept=".json,application/json"
                  choose={(file) => imported.mutate(file)}
                  loading={imported.isPending}
                >
                  Import a policy
                </ChooseFile>
                <Button variant="default" onClick={() => saveTemplate(view)}>
                  Save a file to start from
                </Button>
              </Group>
            )}
            <Confirm
              title="Go back to the one before?"
              opened={back}
              close={() => setBack(false)}
              verb="Go back"
              act={async () => {
                await call('POST', '/disputed-policies/rollback', disputedPolicyView);
                await anew();
              }}
            >
              <Text>
                Orders that are proposed from now on take over <Given>{titleOf(view, before(view))}</Given> again. The
                change stands in the ledger.
              </Text>
            </Confirm>
          </>
        )}
      </Answer>
      <div aria-live="polite">
        {imported.isError && <Failure error={imported.error} />}
        {imported.data && (
          <Alert color="green" title="Imported">
            Version {imported.data.version}, <Given>{imported.data.title}</Given>, stands once you take it: see first
            what it would do.
          </Alert>
        )}
      </div>
      {looked && <Looking key={looked.version} policy={looked} close={() => setLooked(null)} />}
    </Stack>
  );
}

/** On the map and in a table: what stands now. */
function Ground({ policy }: { readonly policy: DisputedPolicyView }) {
  return (
    <>
      <DisputedMap ground={groundMapOf(policy)} />
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: scrolled('Disputed ground') }}>
        <Table captionSide="top">
          <Table.Caption>
            In force: version {policy.version}, <Given>{policy.title}</Given>
          </Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Place</Table.Th>
              <Table.Th>Claimed by</Table.Th>
              <Table.Th>Counts by default as</Table.Th>
              <Table.Th>Why</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {DISPUTED_FEATURES.map((feature, index) => (
              <Table.Tr key={feature}>
                <Table.Th scope="row">
                  {index + 1}. {disputedName(feature)}
                </Table.Th>
                <Table.Td>{claimantsWords(feature)}</Table.Td>
                <Table.Td>{sentence(choiceName(policy.features[feature]?.choice))}</Table.Td>
                <Table.Td>
                  <Given>{policy.features[feature]?.note ?? ''}</Given>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

/** What it would do, and then whether to take it. */
function Looking({ policy, close }: { readonly policy: DisputedPolicyView; readonly close: () => void }) {
  const client = useQueryClient();
  const may = useMay();
  const query = useQuery(comparisonQuestion(policy.version));
  const take = async () => {
    await call('POST', `/disputed-policies/${policy.version}/activate`, disputedPolicyView);
    await client.invalidateQueries({ queryKey: policiesQuery.queryKey });
  };
  const words =
    'When it is taken, orders that are proposed from then on take it over. The change stands in the ledger, and you can go back at any time.';
  return (
    <TakeDialog
      title={policy.active ? 'Orders that say otherwise' : 'What this policy would do'}
      query={query}
      shown={(comparison) => <PolicyComparison comparison={comparison} />}
      taking={may('disputed-policies.activate') && !policy.active ? { verb: 'Take it', words, take } : null}
      close={close}
    />
  );
}

const titleOf = ({ policies }: View, version: number | undefined): string =>
  policies.find((policy) => policy.version === version)?.title ?? '';

/** What stood before the present one was taken first: before all of them version 0 did. */
function before({ uses }: View): number | undefined {
  const stood = [...uses.map(({ version }) => version), 0];
  return stood[stood.lastIndexOf(stood[0] ?? 0) + 1];
}

function One({
  policy: { version, title, date, importedAt, importedBy, hash, active },
  people,
  look,
}: {
  readonly policy: DisputedPolicyView;
  readonly people: View['people'];
  readonly look: (() => void) | null;
}) {
  const verb = active ? 'What says otherwise' : 'Compare';
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" gap="sm">
        <div>
          <Group gap="xs">
            <Text fw={600}>
              <Given>{title}</Given>
            </Text>
            {active && <Badge color="green">In force</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            Version {version}
            {date !== null && ` of ${date}`}
            {importedAt !== null && `, here since ${dateTime(importedAt)}`}
            {importedBy !== null && (
              <>
                {' '}
                by <Given>{people[importedBy] ?? importedBy}</Given>
              </>
            )}
            {hash !== null && ` · SHA-256 ${hash.slice(0, 12)}…`}
          </Text>
        </div>
        {look && (
          <Button size="xs" variant="default" onClick={look} aria-label={`${verb}: policy version ${version}`}>
            {verb}
          </Button>
        )}
      </Group>
    </Paper>
  );
}

async function importFile(file: File): Promise<DisputedPolicyView> {
  if (file.size > LARGEST_POLICY) {
    throw new Refusal('too_large', 'This file is larger than 100 kB: no policy has as many words.', 0);
  }
  const text = await file.text();
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // What it says is for programmers.
    throw new Refusal('invalid_input', 'This file is no JSON. Save a file to start from, and change that.', 0);
  }
  return call('POST', '/disputed-policies', disputedPolicyView, document);
}

/** The one in force as the next version, with all places in it; a note that is missing has to be written before it is taken in. */
function saveTemplate({ policies }: View): void {
  const inForce = policies.find(({ active }) => active);
  const version = Math.max(...policies.map((policy) => policy.version)) + 1;
  const date = new Date().toISOString().slice(0, 10);
  const all = DISPUTED_FEATURES.map((feature) => [
    feature,
    inForce?.features[feature] ?? { choice: CONTESTED, note: '' },
  ]);
  const text = JSON.stringify({ version, title: inForce?.title, date, features: Object.fromEntries(all) }, null, 2);
  keepFile(new Blob([text], { type: 'application/json' }), `disputed-ground-${version}.json`);
}
