/** Who shall approve from now on, and how many of them an order needs. */
import { Checkbox, NumberInput, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { rootView } from '../../../shared/api/approvers.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import type { Approvers } from '../../../shared/order/documents.ts';
import { call } from '../client/call.ts';
import { approversQuery } from '../client/queries.ts';

interface Key {
  readonly keyid: string;
  readonly person: string;
  readonly name: string;
}

const LEAST = 2;

export function ProposeRootDialog({
  opened,
  close,
  keys,
  current,
}: {
  readonly opened: boolean;
  readonly close: () => void;
  readonly keys: readonly Key[];
  readonly current: Approvers | null;
}) {
  const client = useQueryClient();
  const inOffice = current?.approvers.map(({ keyid }) => keyid) ?? keys.map(({ keyid }) => keyid);
  const [changed, setChosen] = useState<readonly string[] | null>(null);
  const [threshold, setThreshold] = useState(current?.threshold ?? LEAST);
  const chosen = changed ?? inOffice;
  const people = new Set(keys.filter(({ keyid }) => chosen.includes(keyid)).map(({ person }) => person)).size;
  const enough = people >= Math.max(LEAST, threshold);
  return (
    <Confirm
      title="Who shall approve?"
      opened={opened}
      close={() => {
        setChosen(null);
        close();
      }}
      verb="Propose this list"
      ready={enough}
      act={async () => {
        await call('POST', '/approvers', rootView, { keyids: chosen, threshold });
        await client.invalidateQueries({ queryKey: approversQuery.queryKey });
      }}
    >
      <Stack>
        <Text size="sm">
          {current
            ? 'Nothing changes before enough of those in office have signed the new list.'
            : 'Nothing changes before they have signed it. Choose three or more, so that an order can still be approved when one of them is away.'}
        </Text>
        {keys.length < LEAST && (
          <Text size="sm">
            Fewer than two people have made a key. Ask them to open this page and press “Make my key in this browser”.
          </Text>
        )}
        <Checkbox.Group label="Approvers" value={[...chosen]} onChange={setChosen}>
          <Stack gap="xs" mt="xs">
            {keys.map(({ keyid, name }) => (
              <Checkbox
                key={keyid}
                value={keyid}
                label={<bdi>{name}</bdi>}
                description={`Key ${keyid.slice(0, 16)}…`}
              />
            ))}
          </Stack>
        </Checkbox.Group>
        <NumberInput
          label="How many of them an order needs"
          min={LEAST}
          max={10}
          hideControls={false}
          value={threshold}
          onChange={(value) => setThreshold(Number(value) || LEAST)}
          error={
            enough || keys.length < LEAST ? null : `Choose at least ${Math.max(LEAST, threshold)} different people.`
          }
        />
      </Stack>
    </Confirm>
  );
}
