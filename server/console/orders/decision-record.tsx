/** Decision record: the internal reasons for an order. The signed public text of the order contains only a hash of this record. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { Facts } from '../parts/facts.tsx';
import { decisionQuery } from './queries.ts';

export function DecisionRecord({ number, revision }: { readonly number: string; readonly revision: number }) {
  const query = useQuery(decisionQuery(number, revision));
  return (
    <QueryResult query={query} lines={3}>
      {({ considered, by, reasons }) => (
        <Facts
          facts={[
            { label: 'Considerations', value: <Words text={considered} /> },
            { label: 'Decided by', value: <Words text={by} /> },
            ...(reasons === undefined ? [] : [{ label: 'Internal reasons', value: <Words text={reasons} /> }]),
          ]}
        />
      )}
    </QueryResult>
  );
}

function Words({ text }: { readonly text: string }) {
  return (
    <Text dir="auto" style={{ whiteSpace: 'pre-line' }}>
      <UserText>{text}</UserText>
    </Text>
  );
}
