/** Why the order was given, for those who answer for it: kept apart from what is signed and public, which only commits to it. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Given } from '../../../shared/look/given.tsx';
import { Answer } from '../../../shared/look/states.tsx';
import { Facts } from '../parts/facts.tsx';
import { decisionQuery } from './queries.ts';

export function DecisionRecord({ number, revision }: { readonly number: string; readonly revision: number }) {
  const query = useQuery(decisionQuery(number, revision));
  return (
    <Answer query={query} lines={3}>
      {({ considered, by, reasons }) => (
        <Facts
          facts={[
            { label: 'What was considered', value: <Words text={considered} /> },
            { label: 'By whom', value: <Words text={by} /> },
            ...(reasons === undefined ? [] : [{ label: 'Internal reasons', value: <Words text={reasons} /> }]),
          ]}
        />
      )}
    </Answer>
  );
}

function Words({ text }: { readonly text: string }) {
  return (
    <Text dir="auto" style={{ whiteSpace: 'pre-line' }}>
      <Given>{text}</Given>
    </Text>
  );
}
