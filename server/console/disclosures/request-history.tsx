/** All texts of a request, newest first, each with its author, its approvals and its digest. */
import { Accordion, Code, Stack, Text } from '@mantine/core';
import type { DisclosureDetail } from '../../../shared/api/disclosures.ts';
import { describeDisclosure } from '../../../shared/disclosure/describe.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { TextToSign, useDigest } from '../approver-key/text-to-sign.tsx';
import { utcTime } from './utc-time.ts';

type Version = DisclosureDetail['versions'][number];

export function RequestHistory({ request: { id, versions } }: { readonly request: DisclosureDetail }) {
  return (
    <Accordion variant="separated" order={3}>
      {versions.toReversed().map((version) => (
        <Accordion.Item key={version.version} value={String(version.version)}>
          <Accordion.Control>
            Version {version.version}, {utcTime(version.draftedAt)}, by <UserText>{version.draftedBy.name}</UserText>
          </Accordion.Control>
          <Accordion.Panel>
            <VersionText id={id} version={version} />
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

function VersionText({ id, version }: { readonly id: string; readonly version: Version }) {
  const { payload, digest, note, approvals } = version;
  return (
    <Stack gap="sm">
      {note !== null && (
        <Text size="sm">
          Reason for this text: <UserText>{note}</UserText>
        </Text>
      )}
      {approvals.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nobody has signed this text.
        </Text>
      ) : (
        approvals.map(({ person, name, keyid, at }) => (
          <Text key={person} size="sm" style={{ overflowWrap: 'anywhere' }}>
            Signed by <UserText>{name}</UserText>, {utcTime(at)}, key <Code>{keyid.slice(0, 16)}…</Code>
          </Text>
        ))
      )}
      {payload === null ? (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          SHA-256 hash of the text: <Code>{digest}</Code>
        </Text>
      ) : (
        <ExactText id={id} version={version.version} payload={payload} />
      )}
    </Stack>
  );
}

function ExactText({
  id,
  version,
  payload,
}: {
  readonly id: string;
  readonly version: number;
  readonly payload: string;
}) {
  const digest = useDigest(payload);
  return <TextToSign described={describeDisclosure(payload, { disclosure: id, version })} digest={digest} />;
}
