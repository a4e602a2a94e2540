/** Reason, documents and court of an action such as a pause, from the signed text. */
import { Stack } from '@mantine/core';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { ActionBasis } from '../../../shared/order/documents.ts';
import { Facts } from '../parts/facts.tsx';
import { Documents } from './order-terms.tsx';

/**
 * Facts about the legal basis of an action. `documentsOf`: number of the order whose documents the reader may download; undefined if the
 * reader may not download documents.
 */
export function BasisFacts({
  basis,
  documentsOf,
}: {
  readonly basis: ActionBasis;
  readonly documentsOf?: string | undefined;
}) {
  const { reason, court, documents } = basis;
  return (
    <Stack gap={4}>
      <Facts
        facts={[
          ...(reason === undefined ? [] : [{ label: 'Reason', value: <UserText>{reason}</UserText> }]),
          ...(court === undefined
            ? []
            : [{ label: 'Court', value: <UserText>{`${court.name}, case ${court.case}`}</UserText> }]),
          ...(documents === undefined
            ? []
            : [{ label: 'Documents', value: <Documents documents={documents} documentsOf={documentsOf} /> }]),
        ]}
      />
    </Stack>
  );
}
