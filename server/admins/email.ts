/** Normalized forms of an e-mail address: one identifies the account at sign-in, the other identifies the person. */
import { canonicalEmail } from '../../shared/text/canonical-email.ts';

/** Form of an address that identifies the account: Unicode NFKC in lower case, so that full-width letters equal plain ones. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase();
}

/**
 * Form of an address that identifies the person. `amina+legal@example.org` and `amina@example.org` belong to one person, so their owner
 * counts once as an approver.
 */
export function personSubject(email: string): string {
  return `email:${canonicalEmail(email)}`;
}
