/** Check of a reviewed script. Server and agent use the same check; the agent uses the approver set that it trusts itself. */
import { CordonError } from '../errors.ts';
import { type ApproverSet, personsWhoSigned } from '../order/approvers.ts';
import { sha256 } from '../order/digest.ts';
import { type Envelope, PAYLOAD_TYPES } from '../order/documents.ts';
import { payloadOf } from '../order/dsse.ts';
import { parseScriptStatement, type ScriptStatement } from './statement.ts';

export interface ReviewedScript {
  readonly statement: ScriptStatement;
  /** People of the approver set, independent of the author, who signed the statement. At least one. */
  readonly reviewers: readonly string[];
}

/**
 * Checks a script against its signed statement at `now` (Unix milliseconds). `expected`: script and version that the command names.
 * `independent`: decides whether the reviewer is a second person beside the author. The server uses the relations between accounts. A device
 * does not know them, and only requires another person's id. The server made the statement with the author's id, and sends a script only if
 * its own check passes.
 */
export function verifyScript(
  { envelope, text }: { readonly envelope: Envelope; readonly text: string },
  expected: { readonly script: string; readonly version: number },
  approverSet: ApproverSet | null,
  now: number,
  independent: (author: string, reviewer: string) => boolean = (author, reviewer) => author !== reviewer,
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
  const signers = [...personsWhoSigned(envelope, approverSet)];
  const reviewers = signers.filter((person) => independent(statement.author, person));
  if (reviewers.length === 0) {
    const detail = `No approver of approver set ${approverSet.approvers.version} who is independent of the author signed the script. A second person must review it.`;
    throw new CordonError('script_unreviewed', detail);
  }
  return { statement, reviewers };
}
