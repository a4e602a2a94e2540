/** Text that an approver signs: its content in words, the exact text, and its digest. */
import { Accordion, Code, Stack, Text } from '@mantine/core';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { Facts } from '../parts/facts.tsx';
import { BasisFacts } from './basis-facts.tsx';
import { LegalBasisFacts, TermsFacts } from './order-terms.tsx';
import type { SigningText } from './use-signing-text.ts';

const STATUS = {
  active: 'Active from the effective time',
  paused: 'Paused without a time limit: the order suspends no service',
  withdrawn: 'Withdrawn for good',
} as const;
/** The text for a pause states no time limit, because the limit depends on the number of approvals and is not signed. */
const HOLD = 'Paused: the order suspends no service';

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
          { label: 'State after approval', value: document.action === 'pause' ? HOLD : STATUS[document.status] },
          {
            label: 'Proposed by',
            value: (
              <>
                <UserText>{nameOf(document.proposer)}</UserText>, {dateTime(Date.parse(document.proposedAt))}
              </>
            ),
          },
        ]}
      />
      {document.basis && <BasisFacts basis={document.basis} />}
      <TermsFacts terms={document.terms} exempt={document.exempt} />
      <LegalBasisFacts terms={document.terms} />
      <Accordion variant="separated">
        <Accordion.Item value="exact">
          <Accordion.Control>Exact text, line by line</Accordion.Control>
          <Accordion.Panel data-signing-text>
            <Text size="sm" mb="xs">
              <UserText>{title}</UserText>
            </Text>
            <Facts
              facts={lines.map(({ label, value, language }) => ({
                label: language === undefined ? label : `${label} (${language})`,
                value: <UserText>{value}</UserText>,
              }))}
            />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
      <div>
        <Text size="sm" c="dimmed">
          SHA-256 hash of this text, computed by this browser
        </Text>
        <Code block style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
          {digest}
        </Code>
      </div>
    </Stack>
  );
}
