/** Texts of the disclosure desk that a person reads before signing. Only the commands of the desk load this file. */
import { describeDisclosure, describeStatement } from '../../shared/disclosure/describe.ts';
import type { DisclosureText, TransparencyStatement } from '../../shared/disclosure/documents.ts';
import type { Line } from '../../shared/order/describe-revision.ts';
import { type SigningText, textOf } from './signing-text.ts';

export function disclosureText(
  payload: string,
  requested: { readonly disclosure: string; readonly version: number },
): SigningText<DisclosureText> {
  return textOf(payload, describeDisclosure(payload, requested), columns);
}

export function statementText(payload: string): SigningText<TransparencyStatement> {
  return textOf(payload, describeStatement(payload), columns);
}

const columns = ({ label, value, grave }: Line): string => `${grave ? 'ATTENTION: ' : ''}${label.padEnd(22)} ${value}`;
