/**
 * Answers to authorities and appeals to courts, as HTML without scripts. The public page omits all notes and the name of the person who
 * answered.
 */
import { html, type Markup } from '../html.ts';
import type { InstrumentDocument } from './documents.ts';
import { OUTCOME_NAMES, type ProceedingState } from './proceedings.ts';

/**
 * Rows of an HTML list about the operator's answer to the authority and the appeals. `names`: true to include the name of the person who
 * answered the authority.
 */
export function proceedingFacts({ answer, appeals }: ProceedingState, { names }: { readonly names: boolean }): Markup {
  const answered = answer
    ? html`<dt>Answered</dt><dd><time datetime="${answer.on}">${answer.on}</time>${names ? html` by <bdi>${answer.by}</bdi>` : html``}${document(answer.document)}</dd>
`
    : html``;
  return html`${answered}${appeals.map(
    ({
      filed,
      decided,
    }) => html`<dt>Appeal filed</dt><dd><time datetime="${filed.on}">${filed.on}</time>: <bdi>${filed.court.name}</bdi>, case <bdi>${filed.court.case}</bdi>${document(filed.document)}</dd>
<dt>Appeal decided</dt><dd>${
      decided
        ? html`<time datetime="${decided.on}">${decided.on}</time>: ${OUTCOME_NAMES[decided.outcome]}${document(decided.document)}`
        : html`Not yet`
    }</dd>
`,
  )}`;
}

function document(kept: InstrumentDocument | undefined): Markup {
  if (!kept) return html``;
  return html`<div><bdi>${kept.title}</bdi>, SHA-256 <code>${kept.sha256}</code></div>`;
}
