/** Legal basis of a pause, resume, extension or withdrawal. The server checks the legal basis before approvers sign. */
import {
  ACTIONS_WITH_BASIS,
  type ActionBasis,
  actionBasisSchema,
  type OrderAction,
} from '../../../shared/order/documents.ts';
import { uselessCharacter } from '../../../shared/text/visible-text.ts';
import type { Objections } from './objections.ts';

/** Returns undefined if the proposer gave no legal basis, or an invalid one (`objections` then has the reason). */
export function readBasis(action: OrderAction, value: unknown, objections: Objections): ActionBasis | undefined {
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)) {
    return undefined;
  }
  if (!ACTIONS_WITH_BASIS.some((each) => each === action)) {
    const detail = `The basis belongs to an action on an order: ${ACTIONS_WITH_BASIS.join(', ')}. To ${action} an order, name its instrument.`;
    objections.add('basis', 'invalid_input', detail);
    return undefined;
  }
  const parsed = actionBasisSchema.safeParse(value);
  if (!parsed.success) {
    const detail =
      'Give a reason (4000 characters at most), each document with its title, and the court with its case number (200 characters each at most).';
    const field = ['basis', ...(parsed.error.issues[0]?.path ?? [])].map(String).join('.');
    objections.add(field, 'invalid_input', detail, {}, parsed.error);
    return undefined;
  }
  const { reason, court, documents = [] } = parsed.data;
  for (const [field, text] of [
    ['basis.reason', reason],
    ['basis.court.name', court?.name],
    ['basis.court.case', court?.case],
    ...documents.map(({ title }, index) => [`basis.documents.${index}.title`, title] as const),
  ] as const) {
    const found = text === undefined ? null : uselessCharacter(text);
    if (found === null) continue;
    const detail = `The text contains the hidden character ${found}, which readers do not see. Remove it: paste the text without formatting.`;
    objections.add(field, 'invalid_input', detail, { field, character: found });
  }
  if (new Set(documents.map(({ sha256 }) => sha256)).size < documents.length) {
    objections.add('basis.documents', 'invalid_input', 'Name each document once.');
  }
  return parsed.data;
}
