import { Anchor, Code, Stack, Text } from '@mantine/core';
import type { DisclosureDetail } from '../../../shared/api/disclosures.ts';
import { INSTRUMENT_NAMES, noticeWords, windowWords } from '../../../shared/disclosure/describe.ts';
import { RECORD_TYPE_FACTS } from '../../../shared/disclosure/record-types.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { saveDownload } from '../client/save-download.ts';
import { useMay } from '../client/session.tsx';
import { documentWords } from '../orders/instrument-words.ts';
import { capital } from '../orders/proceeding-dialog.tsx';
import { type Fact, Facts } from '../parts/facts.tsx';
import { PageLink } from '../parts/links.tsx';
import { newestText } from './newest-text.ts';
import { requestPath } from './queries.ts';
import { utcTime } from './utc-time.ts';

export function RequestFacts({ request }: { readonly request: DisclosureDetail }) {
  const { person, authority, instrument, window, records, deadline, objection, receivedAt } = request;
  const facts: Fact[] = [
    {
      label: 'Account',
      value:
        person === null ? (
          'One account. Auditors do not see it.'
        ) : (
          <PageLink to="/people/$id" params={{ id: person.person }}>
            <UserText>{person.name}</UserText>
          </PageLink>
        ),
    },
    { label: 'Authority', value: <UserText>{authority.name}</UserText> },
    {
      label: 'Key of the authority',
      value: <Code style={{ overflowWrap: 'anywhere' }}>{authority.recipient}</Code>,
    },
    {
      label: 'Legal instrument',
      value: (
        <>
          {INSTRUMENT_NAMES[instrument.type]} <UserText>{instrument.reference}</UserText>, issued by{' '}
          <UserText>{instrument.issuer}</UserText> on {utcTime(instrument.issuedAt)}
        </>
      ),
    },
    { label: 'Valid until', value: utcTime(instrument.expiresAt) },
    { label: 'Document', value: <InstrumentDocument request={request} /> },
    { label: 'Window', value: windowWords(window) },
    {
      label: 'Records',
      value: (
        <Stack gap={4}>
          {records.map((record) => (
            <Text key={record} inherit>
              {RECORD_TYPE_FACTS[record].title}
            </Text>
          ))}
        </Stack>
      ),
    },
    { label: 'Received', value: utcTime(receivedAt) },
    { label: 'Deadline', value: deadline === null ? 'None' : utcTime(deadline) },
    {
      label: 'Objection',
      value:
        objection === null ? (
          'None'
        ) : (
          <>
            <UserText>{objection.text}</UserText> ({utcTime(objection.at)})
          </>
        ),
    },
    { label: 'Notice to the person', value: <Notice request={request} /> },
  ];
  return <Facts facts={facts} />;
}

function InstrumentDocument({ request: { id, instrument } }: { readonly request: DisclosureDetail }) {
  const may = useMay();
  const words = <UserText>{documentWords(instrument.document)}</UserText>;
  if (!may('disclosures.document')) return words;
  return (
    <Anchor
      component="button"
      type="button"
      inherit
      ta="start"
      style={{ overflowWrap: 'anywhere' }}
      onClick={() => void saveDownload(`${requestPath(id)}/document`, { method: 'GET' })}
    >
      {words}
    </Anchor>
  );
}

/** State of the notice to the person. Before a production, the rule for the notice. */
function Notice({ request }: { readonly request: DisclosureDetail }) {
  const { state, dueAt, basis, sentAt } = request.notice;
  switch (state) {
    case 'sent':
      return `Delivered to a device of the person, ${utcTime(sentAt ?? 0)}`;
    case 'waiting':
      return 'Due. No device of the person has received it yet.';
    case 'delayed':
      return (
        <>
          Not before {utcTime(dueAt ?? 0)}. Legal basis: <UserText>{basis ?? ''}</UserText>
        </>
      );
    case 'none':
      return <UserText>{ruleOf(request)}</UserText>;
  }
}

function ruleOf(request: DisclosureDetail): string {
  const text = newestText(request);
  if (text !== null) return capital(noticeWords(text.notice));
  const { basis } = request.notice;
  return basis === null ? 'At once after the production' : `Delayed. Legal basis: ${basis}`;
}
