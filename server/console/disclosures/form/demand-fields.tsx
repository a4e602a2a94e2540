/** Form fields for the demand of an authority. Each part can also express a demand that the desk refuses, in the authority's own words. */
import {
  Checkbox,
  Group,
  Radio,
  Select,
  type SelectProps,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { AuthorityView } from '../../../../shared/api/disclosures.ts';
import type { PersonView } from '../../../../shared/api/people.ts';
import { INSTRUMENT_NAMES } from '../../../../shared/disclosure/describe.ts';
import { INSTRUMENT_TYPES } from '../../../../shared/disclosure/documents.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { documentWords } from '../../orders/instrument-words.ts';
import { uploadTo } from '../../orders/upload-document.ts';
import { PersonSelect } from '../../parts/person-select.tsx';
import { UploadButton } from '../../parts/upload-button.tsx';
import { AUTHORITY_STATES } from '../disclosure-words.ts';
import { type DemandForm, type DemandProblems, windowFacts } from './demand.ts';
import { fieldId } from './extra-fields.tsx';

export interface DemandFields {
  readonly form: DemandForm;
  readonly update: (some: Partial<DemandForm>) => void;
  readonly problems: DemandProblems;
}

/** The error is above the field, because the list of choices below the field would cover it. */
const ERROR_FIRST: NonNullable<SelectProps['inputWrapperOrder']> = ['label', 'description', 'error', 'input'];

const uploadInstrument = uploadTo('/disclosures/documents');

export function AccountFields({ form, update, problems }: DemandFields) {
  const [chosen, setChosen] = useState<PersonView | null>(null);
  return (
    <Stack>
      <Radio.Group
        label="The demand names"
        value={form.account}
        onChange={(account) => update({ account: account === 'one' ? 'one' : 'other' })}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="one" label="One account" />
          <Radio
            value="other"
            label="Anything else"
            description="A list, a pattern, a range, a group or everyone. The desk refuses such a demand and counts the refusal."
          />
        </Stack>
      </Radio.Group>
      {form.account === 'one' ? (
        <PersonSelect
          id={fieldId('person')}
          label="Account"
          description="Person whose records the authority demands"
          inputWrapperOrder={ERROR_FIRST}
          required
          chosen={chosen}
          choose={(person) => {
            setChosen(person);
            update({ person: person?.id ?? null });
          }}
          error={problems.get('person')}
        />
      ) : (
        <TextInput
          id={fieldId('subject')}
          label="Persons or accounts, in the words of the demand"
          description="For example “everyone” or “per_a…, per_b…”"
          dir="auto"
          required
          maxLength={200}
          value={form.subject}
          onChange={({ currentTarget }) => update({ subject: currentTarget.value })}
          error={problems.get('subject')}
        />
      )}
    </Stack>
  );
}

export function AuthorityField({
  form,
  update,
  problems,
  authorities,
}: DemandFields & { readonly authorities: readonly AuthorityView[] }) {
  return (
    <Select
      id={fieldId('authority')}
      label="Authority"
      description="The desk seals the records to the key of this authority. Two people must have verified the key."
      inputWrapperOrder={ERROR_FIRST}
      required
      searchable
      data={authorities.map(({ id, name, state }) => ({
        value: id,
        label: state === 'verified' ? name : `${name} (${AUTHORITY_STATES[state].label.toLowerCase()})`,
      }))}
      value={form.authority}
      onChange={(authority) => update({ authority })}
      error={problems.get('authority')}
      nothingFoundMessage="No authority found. Add it on the page Authorities."
    />
  );
}

export function InstrumentFields(fields: DemandFields) {
  const { form, update } = fields;
  return (
    <Stack>
      <Checkbox
        id={fieldId('hasInstrument')}
        label="The authority sent no legal instrument"
        description="The desk refuses such a demand and counts the refusal."
        checked={!form.hasInstrument}
        onChange={({ currentTarget }) => update({ hasInstrument: !currentTarget.checked })}
      />
      {form.hasInstrument && <InstrumentDetails {...fields} />}
    </Stack>
  );
}

function InstrumentDetails({ form, update, problems }: DemandFields) {
  const sending = useMutation({ mutationFn: uploadInstrument, onSuccess: (document) => update({ document }) });
  const input = (field: 'reference' | 'issuer' | 'issuedOn' | 'validThrough') => ({
    id: fieldId(field),
    value: form[field],
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) => update({ [field]: currentTarget.value }),
    error: problems.get(field),
    required: true,
  });
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Select
          id={fieldId('type')}
          label="Type"
          required
          data={INSTRUMENT_TYPES.map((value) => ({ value, label: INSTRUMENT_NAMES[value] }))}
          value={form.type}
          onChange={(type) => update({ type: INSTRUMENT_TYPES.find((each) => each === type) ?? null })}
          error={problems.get('type')}
        />
        <TextInput
          label="Reference"
          description="Number of the instrument. One instrument serves one request."
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          dir="auto"
          maxLength={200}
          {...input('reference')}
        />
        <TextInput label="Issuer" dir="auto" maxLength={200} {...input('issuer')} />
        <SimpleGrid cols={2}>
          <TextInput type="date" label="Issued on" {...input('issuedOn')} />
          <TextInput type="date" label="Valid through" {...input('validThrough')} />
        </SimpleGrid>
      </SimpleGrid>
      <div>
        <Group>
          <UploadButton
            label="Document of the instrument"
            choose={(file) => sending.mutate(file)}
            id={fieldId('document')}
            size="xs"
            loading={sending.isPending}
          >
            {form.document ? 'Replace document' : 'Add document (required)'}
          </UploadButton>
          <Text size="sm" c="dimmed">
            {form.document ? (
              <UserText>{documentWords(form.document)}</UserText>
            ) : (
              'The server encrypts the document. The signed text contains its SHA-256.'
            )}
          </Text>
        </Group>
        {problems.has('document') && (
          <Text size="sm" c="var(--mantine-color-error)" mt={4} role="alert">
            {problems.get('document')}
          </Text>
        )}
      </div>
      {sending.isError && <Failure error={sending.error} />}
    </>
  );
}

export function WindowFields({
  form,
  update,
  problems,
  now,
  longest,
}: DemandFields & { readonly now: number; readonly longest: number }) {
  const facts = windowFacts(form, now);
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {(['from', 'to'] as const).map((field) => (
          <TextInput
            key={field}
            id={fieldId(field)}
            type="datetime-local"
            label={field === 'from' ? 'Start' : 'End'}
            description="In UTC"
            required={form.hasWindow}
            value={form[field]}
            onChange={({ currentTarget }) => update({ [field]: currentTarget.value })}
            error={problems.get(field)}
          />
        ))}
      </SimpleGrid>
      <Text size="sm" c="dimmed" role="status">
        {facts ?? `The window has at most ${longest} days and lies wholly in the past.`}
      </Text>
      <Checkbox
        id={fieldId('hasWindow')}
        label="The demand states no start or no end"
        description="The desk refuses such a demand and counts the refusal."
        checked={!form.hasWindow}
        onChange={({ currentTarget }) => update({ hasWindow: !currentTarget.checked })}
      />
    </Stack>
  );
}

export function OtherDataFields({ form, update, problems }: DemandFields) {
  return (
    <Stack>
      <Checkbox
        id={fieldId('asksOther')}
        label="The demand asks for other data"
        description="Content, keys or anything else that is not in the list above. The desk refuses such a demand and counts the refusal."
        checked={form.asksOther}
        onChange={({ currentTarget }) => update({ asksOther: currentTarget.checked })}
      />
      {form.asksOther && (
        <Textarea
          id={fieldId('otherRecords')}
          label="Other data in the words of the demand"
          dir="auto"
          required
          autosize
          maxLength={200}
          value={form.otherRecords}
          onChange={({ currentTarget }) => update({ otherRecords: currentTarget.value })}
          error={problems.get('otherRecords')}
        />
      )}
    </Stack>
  );
}
