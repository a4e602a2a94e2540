/** Check of a reviewed script. Server and agent use the same check; the agent uses the approver set that it trusts itself. */
import { CordonError } from '../errors.ts';
import { type ApproverSet, personsWhoSigned } from '../order/approvers.ts';
import { sha256 } from '../order/digest.ts';
import { type Envelope, PAYLOAD_TYPES } from '../order/documents.ts';
import { payloadOf } from '../order/dsse.ts';
import { parseScriptStatement, type ScriptStatement } from './statement.ts';

export interface ReviewedScript {
  readonly statement: ScriptStatement;
  /** People of the approver set, other than the author, who signed the statement. At least one. */
  readonly reviewers: readonly string[];
}

/**
 * Checks a script against its signed statement at `now` (Unix milliseconds). `expected`: script and version that the command names.
 * `canonical`: resolves an outdated person id to the person's present id. A device knows no outdated ids.
 */
export function verifyScript(
  { envelope, text }: { readonly envelope: Envelope; readonly text: string },
  expected: { readonly script: string; readonly version: number },
  approverSet: ApproverSet | null,
  now: number,
  canonical: (person: string) => string = (person) => person,
): ReviewedScript {
  if (!approverSet)
    throw new CordonError('approvers_required', 'There is no approver set yet, so no script can be verified.');
  const statement = parseScriptStatement(payloadOf(envelope, PAYLOAD_TYPES.script));
  const { script, version } = expected;
  if (statement.installation !== approverSet.approvers.installation) {
    throw new CordonError('script_refused', `The script belongs to installation ${statement.installation}.`);
  }
  if (statement.script !== script || statement.version !== version) {
    throw new CordonError('script_refused', 'The signed statement is about another script or version.');
  }
  if (sha256(Buffer.from(text)) !== statement.text) {
    throw new CordonError('script_refused', 'The text differs from the text that the reviewer signed.');
  }
  if (Date.parse(statement.expires) <= now) {
    throw new CordonError(
      'script_refused',
      `The version expired at ${statement.expires}. Write and review a new version.`,
    );
  }
  const author = canonical(statement.author);
  const reviewers = [...personsWhoSigned(envelope, approverSet)].filter((person) => canonical(person) !== author);
  if (reviewers.length === 0) {
    const detail = `No approver of approver set ${approverSet.approvers.version} other than the author signed the script. A second person must review it.`;
    throw new CordonError('script_unreviewed', detail);
  }
  return { statement, reviewers };
}
