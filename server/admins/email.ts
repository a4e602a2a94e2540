/** Two keys of an e-mail address: one identifies the account at sign-in, the other identifies the person. */
import { canonicalEmail } from '../../shared/text/canonical-email.ts';

/** Key that identifies the account: the address in NFKC and lower case, so that full-width letters equal plain ones. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase();
}

/** Key that identifies the person. `amina+legal@example.org` and `amina@example.org` are one person, who counts once as an approver. */
export function personSubject(email: string): string {
  return `email:${canonicalEmail(email)}`;
}
