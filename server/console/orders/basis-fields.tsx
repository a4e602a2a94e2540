/** Form fields for the basis of a pause, resumption, extension or withdrawal: reason, documents, court and case number. */
import { Button, Group, List, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { ActionBasis, InstrumentDocument } from '../../../shared/order/documents.ts';
import { UploadButton } from '../parts/upload-button.tsx';
import { documentWords } from './instrument-words.ts';
import { uploadDocument } from './upload-document.ts';

export interface BasisForm {
  readonly reason: string;
  readonly court: string;
  readonly case: string;
  readonly documents: readonly InstrumentDocument[];
}

export const NO_BASIS: BasisForm = { reason: '', court: '', case: '', documents: [] };

/**
 * Basis of an action in the format of the API. A court without a case number stays in the request, so that the server's error names the
 * missing field.
 */
export function basisOf({ reason, court, case: number, documents }: BasisForm): { readonly basis?: ActionBasis } {
  const basis: ActionBasis = {
    ...(reason.trim() !== '' && { reason: reason.trim() }),
    ...((court.trim() !== '' || number.trim() !== '') && { court: { name: court.trim(), case: number.trim() } }),
    ...(documents.length > 0 && { documents: [...documents] }),
  };
  return Object.keys(basis).length === 0 ? {} : { basis };
}

export function BasisFields({
  value,
  change,
}: {
  readonly value: BasisForm;
  readonly change: (value: BasisForm) => void;
}) {
  const sending = useMutation({
    mutationFn: uploadDocument,
    onSuccess: (document) => {
      const others = value.documents.filter(({ sha256 }) => sha256 !== document.sha256);
      change({ ...value, documents: [...others, document] });
    },
  });
  return (
    <Stack gap="sm">
      <Textarea
        label="Reason"
        description="Everyone who can read the order can read the reason. Approvers sign the reason."
        autosize
        minRows={2}
        maxLength={4000}
        value={value.reason}
        onChange={({ currentTarget }) => change({ ...value, reason: currentTarget.value })}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="Court"
          maxLength={200}
          value={value.court}
          onChange={({ currentTarget }) => change({ ...value, court: currentTarget.value })}
        />
        <TextInput
          label="Case number"
          maxLength={200}
          value={value.case}
          onChange={({ currentTarget }) => change({ ...value, case: currentTarget.value })}
        />
      </SimpleGrid>
      {value.documents.length > 0 && (
        <List size="sm" spacing={4}>
          {value.documents.map((document) => (
            <List.Item key={document.sha256}>
              <UserText>{documentWords(document)}</UserText>{' '}
              <Button
                size="compact-xs"
                variant="default"
                aria-label={`Remove ${document.title}`}
                onClick={() =>
                  change({ ...value, documents: value.documents.filter(({ sha256 }) => sha256 !== document.sha256) })
                }
              >
                Remove
              </Button>
            </List.Item>
          ))}
        </List>
      )}
      <Group>
        <UploadButton
          label="Document"
          choose={(file) => sending.mutate(file)}
          id="basis-documents"
          size="xs"
          loading={sending.isPending}
        >
          Add document
        </UploadButton>
      </Group>
      {sending.isError && <Failure error={sending.error} />}
      <Text size="sm" c="dimmed">
        The order contains only the hash (SHA-256) of each document. The server encrypts and stores the document itself.
      </Text>
    </Stack>
  );
}
