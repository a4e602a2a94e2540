import type { DisclosureDetail } from '../../../shared/api/disclosures.ts';
import { describeDisclosure } from '../../../shared/disclosure/describe.ts';
import type { DisclosureText } from '../../../shared/disclosure/documents.ts';

/** Newest text of a request, from its exact bytes; null for an auditor, who does not see the account in the text. */
export function newestText({ id, version, versions }: DisclosureDetail): DisclosureText | null {
  const payload = versions.at(-1)?.payload ?? null;
  return payload === null ? null : describeDisclosure(payload, { disclosure: id, version }).document;
}
