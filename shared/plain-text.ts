/** Text that people gave, made harmless for whoever reads it as what it is: a terminal, or an approver. */

/** A device's or a person's name could hold escape sequences that rewrite the terminal, or turn the line's direction round. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
