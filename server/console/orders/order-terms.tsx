/** Terms and legal basis of an order in words, from the signed text. */
import { Anchor, Badge, Group, List, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { InstrumentDocument, OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { authorityIn } from '../../../shared/order/notice-words/languages.ts';
import { saveDownload } from '../client/save-download.ts';
import { type Fact, Facts } from '../parts/facts.tsx';
import { Area } from '../parts/words.tsx';
import { SERVICE_NAMES } from '../words/orders.ts';
import { documentWords, INSTRUMENT_FACTS } from './instrument-words.ts';
import { languageName } from './languages.ts';
import { exemptWords, nexusWords, rulesOf, SUSPENSION_WORDS } from './rule-words.ts';
import { TwoZones } from './two-zones.tsx';

/**
 * Services whose suspension the console marks in red. Without management, admins cannot lock or wipe devices. Without enrollment, no device
 * can enroll.
 */
export const GRAVE_SERVICES: readonly string[] = ['management', 'enrollment'];

export function Areas({ codes }: { readonly codes: readonly string[] }) {
  return codes.map((code, index) => (
    <span key={code}>
      {index > 0 && ', '}
      <Area code={code} /> <Text span size="xs" c="dimmed">{`(${code})`}</Text>
    </span>
  ));
}

function termFacts(terms: OrderTerms): Fact[] {
  return [
    { label: 'Areas', value: <Areas codes={terms.areas} /> },
    {
      label: 'Suspended services',
      value: (
        <List size="md" listStyleType="none" spacing={2}>
          {terms.services.map((service) => (
            <List.Item key={service}>
              <Group gap={6} wrap="wrap">
                <Badge color={GRAVE_SERVICES.includes(service) ? 'red' : 'gray'}>{SERVICE_NAMES[service]}</Badge>
                <Text size="sm" c="dimmed">
                  {SUSPENSION_WORDS[service]}
                </Text>
              </Group>
            </List.Item>
          ))}
        </List>
      ),
    },
    { label: 'Connection (nexus)', value: nexusWords(terms.nexus) },
    { label: 'Takes effect', value: <TwoZones at={Date.parse(terms.effective)} zone={terms.zone} /> },
    {
      label: 'Ends',
      value: terms.until === null ? 'On withdrawal' : <TwoZones at={Date.parse(terms.until)} zone={terms.zone} />,
    },
  ];
}

function sourceFacts(terms: OrderTerms, documentsOf?: string): Fact[] {
  return [
    { label: 'Authority', value: <UserText>{terms.authority}</UserText> },
    { label: 'Addressee', value: <UserText>{terms.addressee}</UserText> },
    { label: 'Instrument', value: <UserText>{terms.instrument}</UserText> },
    { label: 'Appeal contact', value: <UserText>{terms.appeal}</UserText> },
    ...INSTRUMENT_FACTS.flatMap(({ label, textOf }) => {
      const text = textOf(terms);
      return text === null ? [] : [{ label, value: <UserText>{text}</UserText> }];
    }),
    ...(terms.documents === undefined
      ? []
      : [{ label: 'Documents', value: <Documents documents={terms.documents} documentsOf={documentsOf} /> }]),
  ];
}

/**
 * List of an order's documents. `documentsOf`: number of the order if the signed-in admin may download these documents; otherwise
 * undefined.
 */
export function Documents({
  documents,
  documentsOf,
}: {
  readonly documents: readonly InstrumentDocument[];
  readonly documentsOf: string | undefined;
}) {
  return (
    <List size="sm" listStyleType="none" spacing={4}>
      {documents.map((document) => (
        <List.Item key={document.sha256}>
          {documentsOf === undefined ? (
            <UserText>{documentWords(document)}</UserText>
          ) : (
            <DocumentDownload order={documentsOf} document={document} />
          )}
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            SHA-256 {document.sha256}
          </Text>
        </List.Item>
      ))}
    </List>
  );
}

/** A script downloads the document, because the server requires the CSRF header. A plain link would send only the cookie. */
function DocumentDownload({ order, document }: { readonly order: string; readonly document: InstrumentDocument }) {
  const save = useMutation({
    mutationFn: () =>
      saveDownload(`/orders/${encodeURIComponent(order)}/documents/${document.sha256}`, { method: 'GET' }),
  });
  return (
    <>
      <Anchor component="button" type="button" ta="start" onClick={() => save.mutate()}>
        <UserText>{documentWords(document)}</UserText>
      </Anchor>
      {save.isError && <Failure error={save.error} />}
    </>
  );
}

function textFacts(label: string, texts: Readonly<Record<string, string>>, authoritative: string | undefined): Fact[] {
  return Object.entries(texts).map(([language, text]) => ({
    label: `${label} in ${languageName(language)}`,
    value: (
      <Text dir="auto" lang={language} style={{ whiteSpace: 'pre-line' }}>
        {text}
        <Authority language={language} authoritative={authoritative} />
      </Text>
    ),
  }));
}

/** Sentence that names the authoritative language version, written in that language. */
function Authority({
  language,
  authoritative,
}: {
  readonly language: string;
  readonly authoritative: string | undefined;
}) {
  const sentence = authorityIn(language, authoritative);
  if (sentence === null) return null;
  return (
    <Text span display="block" size="xs" c="dimmed" lang={sentence.words.tag} dir={sentence.words.direction}>
      {sentence.text}
    </Text>
  );
}

export function TermsFacts({ terms, exempt }: { readonly terms: OrderTerms; readonly exempt?: Revision['exempt'] }) {
  return (
    <Stack gap="md">
      <Facts facts={termFacts(terms)} />
      <Facts
        facts={[
          ...rulesOf(terms).map(({ label, text }) => ({ label, value: text })),
          ...(exempt === undefined ? [] : [{ label: 'Exempt devices', value: exemptWords(exempt, terms.zone) }]),
        ]}
      />
    </Stack>
  );
}

export function LegalBasisFacts({
  terms,
  documentsOf,
}: {
  readonly terms: OrderTerms;
  readonly documentsOf?: string | undefined;
}) {
  return (
    <Facts
      facts={[
        ...sourceFacts(terms, documentsOf),
        ...textFacts('Statement', terms.statement, terms.authoritativeLanguage),
        ...textFacts('Notice to users', terms.notice ?? {}, terms.authoritativeLanguage),
      ]}
    />
  );
}
