import { Checkbox, NumberInput, Stack, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { approverSetView } from '../../../shared/api/approvers.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import type { Approvers } from '../../../shared/order/documents.ts';
import { call } from '../client/call.ts';
import { approversQuery } from '../client/queries.ts';

interface Key {
  readonly keyid: string;
  readonly person: string;
  readonly name: string;
  readonly verified: boolean;
  /** Relying party id of a passkey; null for a key in a file or browser. */
  readonly rpId: string | null;
}

const LEAST = 2;

export function ProposeApproverSetDialog({
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
  const [changedWitnesses, setWitnessText] = useState<string | null>(null);
  const [changedCosignatures, setCosignatures] = useState<number | null>(null);
  const witnessText = changedWitnesses ?? current?.witnesses?.keys.join('\n') ?? '';
  const cosignatures = changedCosignatures ?? current?.witnesses?.threshold ?? 1;
  const chosen = changed ?? inOffice;
  const witnesses = witnessText.split(/\s+/).filter(Boolean);
  const people = new Set(keys.filter(({ keyid }) => chosen.includes(keyid)).map(({ person }) => person)).size;
  const enough = people >= Math.max(LEAST, threshold);
  const enoughWitnesses = witnesses.length === 0 || witnesses.length >= cosignatures;
  return (
    <Confirm
      title="Propose approver set"
      opened={opened}
      close={() => {
        setChosen(null);
        setWitnessText(null);
        setCosignatures(null);
        close();
      }}
      verb="Propose approver set"
      ready={enough && enoughWitnesses}
      act={async () => {
        const policy = witnesses.length === 0 ? null : { threshold: cosignatures, keys: witnesses };
        // If the admin changed no witnesses, the request omits them, and the server keeps those of the current set.
        const isChanged = changedWitnesses !== null || changedCosignatures !== null;
        const body = { keyids: chosen, threshold, ...(isChanged && { witnesses: policy }) };
        await call('POST', '/approvers', approverSetView, body);
        await client.invalidateQueries({ queryKey: approversQuery.queryKey });
      }}
    >
      <Stack>
        <Text size="sm">
          {current
            ? 'The current approver set stays valid until enough current approvers have signed the new one.'
            : 'The approver set takes effect after its approvers have signed. Select at least three approvers, so that orders can be approved if one approver is absent.'}
        </Text>
        {keys.length < LEAST && (
          <Text size="sm">
            Fewer than two people have an approver key. Ask them to open this page and select “Create approver key”.
          </Text>
        )}
        <Checkbox.Group label="Approvers" value={[...chosen]} onChange={setChosen}>
          <Stack gap="xs" mt="xs">
            {keys.map(({ keyid, name, verified, rpId }) => (
              <Checkbox
                key={keyid}
                value={keyid}
                label={<bdi>{name}</bdi>}
                description={`${rpId === null ? 'Key' : 'Passkey'} ${keyid.slice(0, 16)}… · ${verified ? 'verified address' : 'address not verified'}`}
              />
            ))}
          </Stack>
        </Checkbox.Group>
        <NumberInput
          label="Approvals required per order"
          min={LEAST}
          max={10}
          hideControls={false}
          value={threshold}
          onChange={(value) => setThreshold(Number(value) || LEAST)}
          error={
            enough || keys.length < LEAST
              ? null
              : `Too few people. Select at least ${Math.max(LEAST, threshold)} different people.`
          }
        />
        <Textarea
          label="Witnesses of the ledger"
          description="Verifier keys, one on each line. Devices accept a new checkpoint of the ledger only if witnesses cosigned it. Leave empty for none."
          autosize
          minRows={2}
          maxRows={8}
          value={witnessText}
          onChange={({ currentTarget }) => setWitnessText(currentTarget.value)}
        />
        {witnesses.length > 0 && (
          <NumberInput
            label="Cosignatures required per checkpoint"
            min={1}
            max={8}
            hideControls={false}
            value={cosignatures}
            onChange={(value) => setCosignatures(Number(value) || 1)}
            error={enoughWitnesses ? null : `Too few witnesses. Name at least ${cosignatures}.`}
          />
        )}
      </Stack>
    </Confirm>
  );
}
