/**
 * Replies of the connector to SMTP clients: a code (RFC 5321, section 4.2) and a text that begins with the enhanced status code (RFC 3463).
 * Every reply is one line of ASCII within the 512 octets of RFC 5321, section 4.5.3.1.5.
 */
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { GateView } from '../enforcement/gate-view.ts';

export interface SmtpReply {
  readonly code: number;
  readonly text: string;
}

/** Public facts about an order that suspends mail. */
export interface Suspension {
  readonly order: string | null;
  readonly explanation: string;
  readonly appeal: string | null;
}

const LONGEST_TEXT = 480;
const LONGEST_APPEAL = 160;

export const REPLIES = {
  unknown: { code: 550, text: '5.1.1 No mailbox here has this address' },
  utf8NotDeclared: {
    code: 553,
    text: '5.6.7 The address has other characters than ASCII. Declare SMTPUTF8 in MAIL FROM',
  },
  noDevice: { code: 450, text: '4.2.1 The recipient has no verified device. Try again later' },
  mailboxFull: { code: 452, text: '4.2.2 The mailbox of the recipient is full. Try again later' },
  queueFull: { code: 452, text: '4.3.1 The queue is full. Try again later' },
  unavailable: { code: 451, text: '4.3.0 The mail system is not available. Try again later' },
  tooLarge: { code: 552, text: '5.3.4 The message is too large' },
  loop: { code: 554, text: '5.4.6 The message has too many Received fields: it is in a loop' },
  malformed: { code: 554, text: '5.6.0 The message has no header' },
  tlsRequired: { code: 530, text: '5.7.0 Send STARTTLS first' },
  notAllowed: { code: 554, text: '5.7.1 This server accepts no mail from your IP address' },
} as const satisfies Record<string, SmtpReply>;

/** Reply while an order refuses mail for a recipient or for this connector. `permanent`: the order returns mail to its sender. */
export function suspensionReply(suspension: Suspension, permanent: boolean): SmtpReply {
  return permanent
    ? { code: 550, text: `5.7.0 ${suspensionText(suspension)}` }
    : { code: 451, text: `4.7.0 ${suspensionText(suspension)}` };
}

function suspensionText({ order, explanation, appeal }: Suspension): string {
  const head = order === null ? 'An order suspends mail.' : `Order ${ascii(order).slice(0, 40)} suspends mail.`;
  const contact = appeal === null || appeal.trim() === '' ? '' : ` Appeal: ${shortened(ascii(appeal), LONGEST_APPEAL)}`;
  const room = LONGEST_TEXT - head.length - contact.length - 1;
  const reason = shortened(ascii(explanation), room);
  return `${head}${reason === '' ? '' : ` ${reason}`}${contact}`;
}

/** Replaces the explanation of a suspension by the public statement of its order. */
export type Explain = (suspension: Suspension) => Suspension;

/**
 * Uses the signed order list, which every agent has. A withheld order has no public statement, so this function leaves its explanation
 * unchanged.
 */
export const explainFrom =
  (statementOf: (order: string) => PublicTexts | null): Explain =>
  (suspension) => {
    const texts = suspension.order === null ? null : statementOf(suspension.order);
    if (!texts) return suspension;
    const english = Object.keys(texts.statement).find((language) => /^en\b/i.test(language));
    const explanation = texts.statement[english ?? ''] ?? Object.values(texts.statement)[0];
    return {
      ...suspension,
      explanation: explanation ?? suspension.explanation,
      appeal: texts.appeal ?? suspension.appeal,
    };
  };

/** Public texts of an order: the statement by language, and the contact for an appeal. */
export interface PublicTexts {
  readonly statement: Readonly<Record<string, string>>;
  readonly appeal: string | null;
}

export const suspensionOf = ({ order, detail, appeal }: DenialNotice): Suspension => ({
  order,
  explanation: detail,
  appeal,
});

/** Suspension of this connector's own gate; null while the gate is open. */
export function ownSuspension({ open, denials }: GateView): (Suspension & { readonly returns: boolean }) | null {
  if (open) return null;
  const denial = denials.find(({ waiting }) => waiting === 'return') ?? denials[0];
  if (!denial) return { order: null, explanation: '', appeal: null, returns: false };
  const { order, appeal, waiting } = denial;
  return { order, explanation: '', appeal, returns: waiting === 'return' };
}

/** Text in ASCII on one line. Letters with accents lose the accents; other characters become a question mark. */
export function ascii(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\u2010-\u2015]/g, '-')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .replaceAll(/[^\x20-\x7e]/gu, '?')
    .trim();
}

function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, Math.max(0, longest - 3)).trimEnd()}...`;
}
