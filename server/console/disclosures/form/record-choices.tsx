/** Choice of record types. Each choice says which records exist and how long the server keeps them. */
import { Checkbox, Stack, Text } from '@mantine/core';
import type { z } from 'zod';
import type { disclosureForm } from '../../../../shared/api/disclosures.ts';
import { RECORD_TYPES, type RecordType } from '../../../../shared/disclosure/record-types.ts';
import { fieldId } from './extra-fields.tsx';

type Choice = z.output<typeof disclosureForm>['records'][number];

export function RecordChoices({
  choices,
  chosen,
  choose,
  error,
}: {
  readonly choices: readonly Choice[];
  readonly chosen: readonly RecordType[];
  readonly choose: (records: RecordType[]) => void;
  readonly error?: string | undefined;
}) {
  return (
    <Checkbox.Group
      label="Record types"
      description="Cordon holds nothing else about a person that the desk can produce. The server cannot decrypt the content of messages or mail."
      value={[...chosen]}
      onChange={(values) => choose(RECORD_TYPES.filter((record) => values.includes(record)))}
      error={error}
      required
    >
      <Stack gap="md" my="sm">
        {choices.map(({ record, title, exists, kept }, at) => (
          <Checkbox
            key={record}
            value={record}
            label={title}
            {...(at === 0 && { id: fieldId('records') })}
            description={
              <>
                <Text span inherit display="block">
                  {exists}
                </Text>
                <Text span inherit display="block">
                  Kept: {kept}
                </Text>
              </>
            }
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
