import type { DisclosureDetail } from '../../../shared/api/disclosures.ts';
import { describeDisclosure } from '../../../shared/disclosure/describe.ts';
import type { DisclosureText } from '../../../shared/disclosure/documents.ts';

/** Newest text of a request, parsed from its exact bytes. Null for an auditor, who must not see the account that the text names. */
export function newestText({ id, version, versions }: DisclosureDetail): DisclosureText | null {
  const payload = versions.at(-1)?.payload ?? null;
  return payload === null ? null : describeDisclosure(payload, { disclosure: id, version }).document;
}
