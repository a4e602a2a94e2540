import { Code, Stack, Text } from '@mantine/core';
import type { DisclosureDetail } from '../../../shared/api/disclosures.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { Facts } from '../parts/facts.tsx';
import { utcTime } from './utc-time.ts';

export function Production({
  request: { authority, id },
  production: { at, sha256, bytes, lines, by },
}: {
  readonly request: DisclosureDetail;
  readonly production: NonNullable<DisclosureDetail['production']>;
}) {
  return (
    <Stack gap="sm">
      <Facts
        facts={[
          {
            label: 'Produced',
            value: (
              <>
                {utcTime(at)}, by <UserText>{by.name}</UserText>
              </>
            ),
          },
          { label: 'Lines', value: lines.toLocaleString('en') },
          { label: 'Sealed file', value: `${bytes.toLocaleString('en')} bytes` },
          { label: 'SHA-256', value: <Code style={{ overflowWrap: 'anywhere' }}>{sha256}</Code> },
        ]}
      />
      <Text size="sm">
        Only <UserText>{authority.name}</UserText> can open the file, with its own key and the program age:{' '}
        <Code style={{ overflowWrap: 'anywhere' }}>age --decrypt --identity KEY-FILE {id}.age</Code>. The public ledger
        contains the hash of the file. Records for a second production need a second request.
      </Text>
    </Stack>
  );
}
