/** E-mail addresses as keys: one spelling for signing in, and one for the person behind it. Checks no mailbox and sends nothing. */

/** How an account is found: NFKC, so that full-width and compatibility letters are the plain ones, in lower case. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase();
}

/** Who is behind it: `amina+legal@example.org` is the same person as `amina@example.org`, and so counts once as an approver. */
export function personSubject(email: string): string {
  const key = emailKey(email);
  const at = key.lastIndexOf('@');
  const plus = key.indexOf('+');
  const local = plus > 0 && plus < at ? key.slice(0, plus) : key.slice(0, at);
  return `email:${local}${key.slice(at)}`;
}
