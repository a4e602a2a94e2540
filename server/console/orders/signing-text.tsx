/** The words, and behind them the exact lines and the digest, of what an approver signs. */
import { Accordion, Code, Stack, Text } from '@mantine/core';
import { Given } from '../../../shared/look/given.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { Facts } from '../parts/facts.tsx';
import { OrderRules, OrderSource } from './order-words.tsx';
import type { SigningText } from './use-signing-text.ts';

const STATUS = {
  active: 'Carried out at its time',
  held: 'On hold until it is released: it takes nothing from anybody',
  withdrawn: 'Withdrawn, for good',
} as const;
/** One person's word lets it lapse, more make it last. */
const HOLD = 'On hold: it takes nothing from anybody';

export function SigningWords({
  text: { document, digest, lines, title },
  nameOf,
}: {
  readonly text: SigningText;
  readonly nameOf: (person: string) => string;
}) {
  return (
    <Stack gap="md">
      <Facts
        facts={[
          { label: 'From then on', value: document.act === 'hold' ? HOLD : STATUS[document.status] },
          {
            label: 'Proposed by',
            value: (
              <>
                <Given>{nameOf(document.proposer)}</Given>, {dateTime(Date.parse(document.proposedAt))}
              </>
            ),
          },
        ]}
      />
      <OrderRules terms={document.terms} exempt={document.exempt} />
      <OrderSource terms={document.terms} />
      <Accordion variant="separated">
        <Accordion.Item value="exact">
          <Accordion.Control>Line by line, as it is signed</Accordion.Control>
          <Accordion.Panel>
            <Text size="sm" mb="xs">
              <Given>{title}</Given>
            </Text>
            <Facts
              facts={lines.map(({ label, value, language }) => ({
                label: language === undefined ? label : `${label} (${language})`,
                value: <Given>{value}</Given>,
              }))}
            />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
      <div>
        <Text size="sm" c="dimmed">
          SHA-256 of exactly this text, worked out by this browser
        </Text>
        <Code block style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
          {digest}
        </Code>
      </div>
    </Stack>
  );
}
