/** Command line of `sendmail` (as in sendmail(8) of Sendmail and Postfix). */

export interface SendmailArguments {
  /** Option `-t`: the message's header names the recipients, in addition to the command line. */
  readonly fromHeader: boolean;
  /** Options `-i` and `-oi`: a line with a single dot does not end the message. */
  readonly ignoreDots: boolean;
  /** Sender of the envelope; null for the user's own address. */
  readonly from: string | null;
  readonly recipients: readonly string[];
}

/** Options with a value, in the same or in the next argument. */
const WITH_VALUE = new Set('ABbCDdeFfhLMNOopRrVX');
/** Options without a value. All but `-i` and `-t` have no effect here. */
const WITHOUT_VALUE = new Set('GinmstUv');

/** Parses the arguments of `sendmail`. Returns an error text if the arguments are wrong. */
export function readSendmailArguments(args: readonly string[]): SendmailArguments | string {
  let [fromHeader, ignoreDots] = [false, false];
  let from: string | null = null;
  const recipients: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    if (argument === '--') {
      recipients.push(...args.slice(at + 1));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      recipients.push(argument);
      continue;
    }
    for (let index = 1; index < argument.length; index += 1) {
      const option = argument[index] ?? '';
      if (WITHOUT_VALUE.has(option)) {
        if (option === 't') fromHeader = true;
        if (option === 'i') ignoreDots = true;
        continue;
      }
      if (!WITH_VALUE.has(option)) return `The option -${option} is not supported.`;
      const attached = argument.slice(index + 1);
      if (attached === '') at += 1;
      const value = attached === '' ? args[at] : attached;
      if (value === undefined) return `The option -${option} needs a value.`;
      if (option === 'f' || option === 'r') from = addressIn(value);
      if (option === 'o' && value.startsWith('i')) ignoreDots = true;
      if (option === 'b' && value !== 'm') return `The mode -b${value} is not supported. Only -bm sends a message.`;
      break;
    }
  }
  return { fromHeader, ignoreDots, from: from === '' ? null : from, recipients };
}

const addressIn = (value: string): string => value.trim().replace(/^<(.*)>$/, '$1');

/** Returns the message up to a line with a single dot, which ends the input. */
export function untilDot(message: Buffer): Buffer {
  const found = /(?:^|\n)\.\r?(?:\n|$)/.exec(message.toString('latin1'));
  if (!found) return message;
  return message.subarray(0, found.index + (found[0].startsWith('\n') ? 1 : 0));
}
