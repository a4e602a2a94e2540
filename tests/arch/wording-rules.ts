/**
 * Rules for comments, user-facing strings and commit headlines, each with its reason. `wording.ts` applies the rules. GLOSSARY.md has the
 * terms.
 */

/** Words that must not open a comment. A reader sees the comment without its code, and "It retries" names no actor. */
export const OPENING_PRONOUNS: ReadonlySet<string> = new Set(
  'it they them these those he she we i you what who whom whose whoever whatever which somebody someone something anybody anyone anything nobody everybody everyone nothing ours theirs its their mine'.split(
    ' ',
  ),
);

/** Prepositions that must not open a comment: the noun that the fragment belongs to is missing ("Of the newest"). */
export const OPENING_FRAGMENTS: ReadonlySet<string> = new Set(['of']);

export interface BannedWord {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly reason: string;
  /** Paths in which the word is a term of a standard. */
  readonly allowedIn?: RegExp;
}

const PRIVATE = 'a private word; the field has a term';
const VAGUE = 'names no actor';
const BRITISH = 'American spelling everywhere';

export const BANNED_WORDS: readonly BannedWord[] = [
  { pattern: /\bforesights?\b/i, instead: 'impact preview', reason: PRIVATE },
  { pattern: /\blook(s|ed)? ahead\b/i, instead: 'impact preview', reason: PRIVATE },
  { pattern: /\bunwell\b/i, instead: 'health issues', reason: PRIVATE },
  { pattern: /\broots? of approvers\b/i, instead: 'approver set', reason: PRIVATE },
  {
    pattern: /\bby (whose|the|its|their|his|her|an?) (own )?word\b/i,
    instead: 'statement, authority, approved by',
    reason: PRIVATE,
  },
  {
    pattern: /\b(in)?to force\b|\bout of force\b|\bback in force\b/i,
    instead: 'take effect, pause, resume',
    reason: PRIVATE,
  },
  { pattern: /\b(goes|go|gone|went) back from\b/i, instead: 'roll back', reason: PRIVATE },
  { pattern: /\b(is|are|be|was|were) shut\b(?! down)|\bshuts\b(?! down)/i, instead: 'suspend, block', reason: PRIVATE },
  { pattern: /\bdisputed grounds?\b/i, instead: 'disputed territory', reason: PRIVATE },
  {
    pattern: /\bstands? (for|against) (that|what|it)\b/i,
    instead: 'is valid; the state does not allow this action',
    reason: PRIVATE,
  },
  {
    pattern: /\b(ledger leaf|ledger leaves|leaf of the ledger|leaves of the ledger)\b/i,
    instead: 'ledger entry',
    reason: PRIVATE,
  },
  {
    pattern: /\b(somebody|anybody|whoever|whomever|everybody)\b/i,
    instead: 'the user, the admin, the approver, the device',
    reason: VAGUE,
  },
  {
    pattern:
      /enrol(?!l)|organisation|travell(er|ing|ed)|\b(cancelled|cancelling|labelled|labelling|modelled|signalled|colours?|neighbours?|acknowledgements?|judgements?|behaviours?|centres?|programmes?|favours?|honours?|defences?|licences?|catalogues?|artefacts?|authoris\w+|synchronis\w+|initialis\w+|serialis\w+|recognis\w+|normalis\w+|summaris\w+|minimis\w+)\b/i,
    instead: 'the American spelling',
    reason: BRITISH,
    allowedIn: /notice-words\/|words\/mail\/|update-words|power-words|lost-words|earlier-names|iso-3166/,
  },
];

/** Largest number of words in a sentence, because a reader reads a longer sentence twice. A substituted value counts as one word. */
export const MOST_WORDS = 30;

/** Largest number of characters in a headline, because `git log --oneline` cuts longer headlines. */
export const LONGEST_HEADLINE = 72;

/** Verbs that may open a headline, which says what applying the commit does: "Reject an end time in the past". Add a missing verb here. */
export const HEADLINE_VERBS: ReadonlySet<string> = new Set(
  `Accept Adapt Add Adjust Align Allow Annotate Announce Answer Apply Ask Assign Attach Attack Avoid Back Base Batch Bind Block Bound Bring Budget Build Bump
  Cache Call Cancel Carry Check Choose Clarify Clean Clear Close Collect Combine Compare Compile Compress Compute Configure Confirm
  Connect Consume Convert Copy Correct Count Cover Create Cut Decide Declare Decline Delete Deliver Deny Describe Destroy Detect Disable Display
  Divide Document Draw Drop Edit Enable Encode Encrypt End Enforce Enroll Ensure Escape Exclude Expect Explain Export Extend Extract
  Filter Find Finish Fix Fold Follow Forbid Format Freeze Generate Give Group Guard Handle Hide Ignore Implement Import Improve Include
  Increase Index Inline Install Introduce Invalidate Isolate Join Keep Kill Label Let Limit Link List Load Lock Log Look Lower Make Manage Mark Match
  Measure Merge Migrate Move Name Note Notify Number Offer Omit Open Order Parse Pass Pause Permit Pin Place Play Poll Prefer Prepare Prevent Print Process
  Prove Publish Put Raise Read Rebuild Receive Recognize Record Redirect Reduce Refresh Refuse Register Reject Release Reload Remember
  Remind Remove Rename Render Renew Reorder Repair Repeat Replace Reply Report Request Require Reserve Reset Resolve Respond Restart
  Restore Restrict Resume Retry Return Reuse Revert Review Revoke Reword Rewrite Rotate Run Save Say Schedule Scroll Seal Search Select Send
  Separate Serve Set Share Shorten Show Shut Sign Simplify Skip Sort Specify Speed Split Squash Standardize Start State Stop Store Stream
  Strip Submit Suggest Support Switch Take Tell Test Throw Tidy Time Tolerate Track Translate Trim Try Turn Type Unify Unlink Update Upgrade Use
  Validate Verify Wait Warn Withdraw Wrap Write`
    .split(/\s+/)
    .filter(Boolean),
);

/** Allowed number of findings for each rule, from before the rules. Lower a number when findings are removed; never raise it. */
export const LEFT: Readonly<Record<'opening' | 'banned word' | 'long sentence' | 'headline', number>> = {
  opening: 0,
  'banned word': 0,
  'long sentence': 0,
  headline: 0,
};
