/** What an approver is about to sign, as a terminal shows it: the words of `shared/order/describe-revision.ts` in columns, and the digest. */

import { type Described, describeRevision, describeRoot, type Line } from '../../shared/order/describe-revision.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Approvers, Revision } from '../../shared/order/documents.ts';
import { plain } from '../../shared/text/visible-text.ts';

export interface SigningText<D> {
  readonly document: D;
  readonly digest: string;
  readonly lines: readonly string[];
}

export function revisionText(
  payload: string,
  asked: { readonly order: string; readonly revision: number },
): SigningText<Revision> {
  return textOf(payload, describeRevision(payload, asked), ({ label, value, language }) =>
    language === undefined ? `${label.padEnd(16)} ${value}` : `${label} (${language})   ${value}`,
  );
}

/** `before`: the payload of the root in force; what the text does not name as the one that it replaces is no comparison. */
export function rootText(payload: string, version: number, before?: string | null): SigningText<Approvers> {
  return textOf(
    payload,
    describeRoot(payload, version, replacedBy(payload, version, before)),
    ({ label, value, person, grave }) => {
      if (grave) return `ATTENTION: ${label} ${value}`;
      return person === undefined ? `${label} ${value}` : `${person}  ${value}`;
    },
  );
}

function replacedBy(payload: string, version: number, before?: string | null): Approvers | null | undefined {
  if (before === undefined || before === null) return before;
  const { previous } = describeRoot(payload, version).document;
  return sha256(before) === previous ? describeRoot(before, version - 1).document : null;
}

function textOf<D>(payload: string, described: Described<D>, format: (line: Line) => string): SigningText<D> {
  const digest = sha256(payload);
  // Each value by itself: an isolate around the whole line would turn the label around too.
  const shown = described.lines.map((line) => `  ${format({ ...line, value: plain(line.value) })}`);
  return { document: described.document, digest, lines: [plain(described.title), ...shown, `SHA-256 ${digest}`] };
}
