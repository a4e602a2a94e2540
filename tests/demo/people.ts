/**
 * People of the demo, and links that sign a visitor in as one of them. Each link uses a normal session with password and TOTP code. Each
 * person has a separate host name, so that one browser separates their sessions and keys.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { sessionView } from '../../shared/api/session.ts';
import { isCordonError } from '../../shared/errors.ts';
import { foundOrganization, type Organization } from '../support/organization.ts';
import {
  type Approver,
  adoptApproverSet,
  callerOf,
  firstOwner,
  invite,
  inviteApprover,
  type Person,
  type SignedIn,
  signIn,
} from '../support/people.ts';

/** TOTP codes change every 30 seconds, and the server also accepts the next code. */
const NEXT_CODE = 30_000;

export interface People {
  readonly owner: Person;
  readonly proposer: Person;
  readonly approvers: readonly [Approver, Approver];
  /** Private key of the organization, which confirms verified devices. */
  readonly organization: Organization;
}

const OWNER = 'Olivia Berg';

/** Passphrase with which `inviteApprover` encrypts the key file. */
const passphraseOf = ({ name }: Approver) => `the passphrase of ${name}`;

/** Creates all accounts that must exist before devices enroll. The approvers sign their approver set. */
export async function gather(admin: string, firstOwnerLink: string): Promise<People> {
  const owner = { ...(await firstOwner(admin, firstOwnerLink, OWNER)), name: OWNER };
  const [proposer, ...approvers] = await Promise.all([
    invite(admin, owner, 'Sana Malik', [{ role: 'legal' }, { role: 'fleet' }]),
    inviteApprover(admin, owner, 'Ada Okafor'),
    // Ben is the second person for destructive actions of Sana. The owner cannot be, because she created the account of Sana.
    inviteApprover(admin, owner, 'Ben Weber', [{ role: 'legal' }, { role: 'fleet' }]),
  ]);
  await adoptApproverSet(owner, approvers);
  const organization = await foundOrganization(owner, approvers);
  return { owner, proposer, approvers, organization };
}

interface Holder {
  readonly person: Person;
  /** Private key in PKCS#8, DER, base64. */
  readonly approverKey: string | null;
  session: SignedIn;
}

export class Links {
  readonly #admin: string;
  readonly #holders = new Map<string, Holder>();

  constructor(admin: string) {
    this.#admin = admin;
  }

  /** Sign-in link of a person, which works any number of times. */
  add(person: Person | Approver): string {
    const ticket = randomBytes(16).toString('base64url');
    this.#holders.set(ticket, { person, approverKey: 'pem' in person ? keyOf(person) : null, session: person.session });
    const given = person.name.split(' ')[0]?.toLowerCase();
    return `http://${given}.localhost:${new URL(this.#admin).port}/#demo=${ticket}`;
  }

  /** Returns a valid session of the person. Opens another session if the old one has ended. */
  async session(ticket: string): Promise<{ token: string; csrf: string; approverKey: string | null } | null> {
    const holder = this.#holders.get(ticket);
    if (!holder) return null;
    if (!(await this.#lives(holder.session))) holder.session = await this.#signIn(holder.person);
    const { cookie: token, csrf } = holder.session;
    return { token, csrf, approverKey: holder.approverKey };
  }

  async #lives(session: SignedIn): Promise<boolean> {
    try {
      await callerOf(this.#admin, session).call('GET', '/session', sessionView);
      return true;
    } catch (error) {
      if (isCordonError(error, 'not_signed_in')) return false;
      throw error;
    }
  }

  async #signIn(person: Person): Promise<SignedIn> {
    try {
      return await signIn(this.#admin, person.signIn);
    } catch (error) {
      if (!isCordonError(error, 'totp_reused')) throw error;
      return await signIn(this.#admin, person.signIn, Date.now() + NEXT_CODE);
    }
  }
}

function keyOf(approver: Approver): string {
  const key = createPrivateKey({ key: approver.pem, passphrase: passphraseOf(approver) });
  return key.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}
