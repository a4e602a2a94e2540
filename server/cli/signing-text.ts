/**
 * Text that an approver reads before signing a document: the content of the document in words (`shared/order/describe-revision.ts`), and
 * its digest.
 */

import { describeContinuation } from '../../shared/order/describe-continuation.ts';
import {
  type Described,
  describeApproverSet,
  describeRevision,
  type Line,
} from '../../shared/order/describe-revision.ts';
import { describeTimeCorrection } from '../../shared/order/describe-time-correction.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Approvers, LedgerContinuation, Revision, TimeCorrection } from '../../shared/order/documents.ts';
import type { PassedTime } from '../../shared/order/immediate-effect.ts';
import { plain } from '../../shared/text/visible-text.ts';

export interface SigningText<D> {
  readonly document: D;
  readonly digest: string;
  readonly lines: readonly string[];
}

/**
 * Text of a revision that an approver reads before signing. `immediate`: the effective time of the revision, if it has passed. The approver
 * then confirms that the revision takes effect at once.
 */
export function revisionText(
  payload: string,
  expected: { readonly order: string; readonly revision: number },
  immediate: PassedTime | null = null,
): SigningText<Revision> {
  return textOf(payload, describeRevision(payload, expected, immediate), ({ label, value, language }) =>
    language === undefined ? `${label.padEnd(16)} ${value}` : `${label} (${language})   ${value}`,
  );
}

/**
 * Describes an approver set for a person who is asked to sign the set. `before`: payload of the current approver set. The description
 * compares the two sets only if the new set states that it replaces the current set.
 */
export function approverSetText(payload: string, version: number, before?: string | null): SigningText<Approvers> {
  return textOf(
    payload,
    describeApproverSet(payload, version, replacedBy(payload, version, before)),
    ({ label, value, person, grave }) => {
      if (grave) return `ATTENTION: ${label} ${value}`;
      return person === undefined ? `${label} ${value}` : `${person}  ${value}`;
    },
  );
}

export function continuationText(payload: string): SigningText<LedgerContinuation> {
  return textOf(payload, describeContinuation(payload), ({ label, value, grave }) =>
    grave ? `ATTENTION: ${label} ${value}` : `${label.padEnd(11)} ${value}`,
  );
}

export function timeCorrectionText(payload: string): SigningText<TimeCorrection> {
  return textOf(payload, describeTimeCorrection(payload), ({ label, value }) => `${label.padEnd(11)} ${value}`);
}

function replacedBy(payload: string, version: number, before?: string | null): Approvers | null | undefined {
  if (before === undefined || before === null) return before;
  const { previous } = describeApproverSet(payload, version).document;
  return sha256(before) === previous ? describeApproverSet(before, version - 1).document : null;
}

/** Lines of a document in words, followed by its digest. */
export function textOf<D>(payload: string, described: Described<D>, format: (line: Line) => string): SigningText<D> {
  const digest = sha256(payload);
  // Isolate right-to-left text in each value, so that the text does not reverse the rest of the line.
  const shown = described.lines.map((line) => `  ${format({ ...line, value: plain(line.value) })}`);
  return { document: described.document, digest, lines: [plain(described.title), ...shown, `SHA-256 ${digest}`] };
}
