/** What an order says, in words: from the terms that were signed. */
import { Anchor, Badge, Group, List, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Given } from '../../../shared/look/given.tsx';
import { Failure } from '../../../shared/look/states.tsx';
import type { InstrumentDocument, OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { saveFile } from '../client/save-file.ts';
import { type Fact, Facts } from '../parts/facts.tsx';
import { Area } from '../parts/words.tsx';
import { SERVICE_NAMES } from '../words/orders.ts';
import { languageName } from './languages.ts';
import { documentWords, PAPERS } from './paper-words.ts';
import { exemptWords, rulesOf, SHUT_WORDS, tiesWords } from './rule-words.ts';
import { TwoZones } from './two-zones.tsx';

/** Services whose loss takes the operator's own hands off the device. */
export const GRAVE_SERVICES: readonly string[] = ['management', 'enrolment'];

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
    { label: 'Where', value: <Areas codes={terms.areas} /> },
    {
      label: 'What is shut',
      value: (
        <List size="md" listStyleType="none" spacing={2}>
          {terms.services.map((service) => (
            <List.Item key={service}>
              <Group gap={6} wrap="wrap">
                <Badge color={GRAVE_SERVICES.includes(service) ? 'red' : 'gray'}>{SERVICE_NAMES[service]}</Badge>
                <Text size="sm" c="dimmed">
                  {SHUT_WORDS[service]}
                </Text>
              </Group>
            </List.Item>
          ))}
        </List>
      ),
    },
    { label: 'For whom', value: tiesWords(terms.nexus) },
    { label: 'Takes effect', value: <TwoZones at={Date.parse(terms.effective)} zone={terms.zone} /> },
    {
      label: 'Ends',
      value:
        terms.until === null ? 'When it is withdrawn' : <TwoZones at={Date.parse(terms.until)} zone={terms.zone} />,
    },
  ];
}

function sourceFacts(terms: OrderTerms, kept?: string): Fact[] {
  return [
    { label: 'By whose authority', value: <Given>{terms.authority}</Given> },
    { label: 'Addressed to', value: <Given>{terms.addressee}</Given> },
    { label: 'Instrument', value: <Given>{terms.instrument}</Given> },
    { label: 'Whom to appeal to', value: <Given>{terms.appeal}</Given> },
    ...PAPERS.flatMap(({ label, say }) => {
      const words = say(terms);
      return words === null ? [] : [{ label, value: <Given>{words}</Given> }];
    }),
    ...(terms.documents === undefined ? [] : [{ label: 'Documents', value: <Documents terms={terms} kept={kept} /> }]),
  ];
}

/** `kept`: the order from whose page they can be fetched, by whoever may. */
function Documents({
  terms: { documents = [] },
  kept,
}: {
  readonly terms: OrderTerms;
  readonly kept: string | undefined;
}) {
  return (
    <List size="sm" listStyleType="none" spacing={4}>
      {documents.map((document) => (
        <List.Item key={document.sha256}>
          {kept === undefined ? (
            <Given>{documentWords(document)}</Given>
          ) : (
            <KeptDocument order={kept} document={document} />
          )}
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            SHA-256 {document.sha256}
          </Text>
        </List.Item>
      ))}
    </List>
  );
}

/** Fetched by the page and then saved: a plain link would carry the cookie alone, which is not enough. */
function KeptDocument({ order, document }: { readonly order: string; readonly document: InstrumentDocument }) {
  const save = useMutation({
    mutationFn: () => saveFile(`/orders/${encodeURIComponent(order)}/documents/${document.sha256}`, { method: 'GET' }),
  });
  return (
    <>
      <Anchor component="button" type="button" ta="start" onClick={() => save.mutate()}>
        <Given>{documentWords(document)}</Given>
      </Anchor>
      {save.isError && <Failure error={save.error} />}
    </>
  );
}

/** In each language, written the way in which that is written. */
function wordFacts(what: string, texts: Readonly<Record<string, string>>): Fact[] {
  return Object.entries(texts).map(([language, text]) => ({
    label: `${what} in ${languageName(language)}`,
    value: (
      <Text dir="auto" lang={language} style={{ whiteSpace: 'pre-line' }}>
        {text}
      </Text>
    ),
  }));
}

/** Where, what, for whom, when, and by which rules. `exempt`: of the signed document, where that is at hand. */
export function OrderRules({ terms, exempt }: { readonly terms: OrderTerms; readonly exempt?: Revision['exempt'] }) {
  return (
    <Stack gap="md">
      <Facts facts={termFacts(terms)} />
      <Facts
        facts={[
          ...rulesOf(terms).map(({ label, words }) => ({ label, value: words })),
          ...(exempt === undefined ? [] : [{ label: 'Exempt', value: exemptWords(exempt, terms.zone) }]),
        ]}
      />
    </Stack>
  );
}

/** By whose word, and what the public is told. */
export function OrderSource({ terms, kept }: { readonly terms: OrderTerms; readonly kept?: string | undefined }) {
  return (
    <Facts
      facts={[
        ...sourceFacts(terms, kept),
        ...wordFacts('Statement', terms.statement),
        ...wordFacts('Notice to people', terms.notice ?? {}),
      ]}
    />
  );
}
