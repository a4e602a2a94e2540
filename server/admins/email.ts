/** Two keys of an e-mail address: one to find the account at sign-in, one to find the person. */
import { canonicalEmail } from '../../shared/text/canonical-email.ts';

/** Key to find the account: NFKC and lower case, so that full-width letters count as plain ones. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase();
}

/** Key to find the person. `amina+legal@example.org` and `amina@example.org` are one person, who counts once as an approver. */
export function personSubject(email: string): string {
  return `email:${canonicalEmail(email)}`;
}
