/**
 * The people of the demo, and the links by which a visitor becomes one of them. Behind each link stands a session that was opened as everybody
 * opens theirs, with password and code. Each has a host name of their own, so that one browser keeps their sessions and keys apart.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { sessionView } from '../../shared/api/session.ts';
import { isCordonError } from '../../shared/errors.ts';
import { foundOrganisation, type Organisation } from '../support/organisation.ts';
import {
  type Approver,
  adoptRoot,
  callerOf,
  firstOwner,
  invite,
  inviteApprover,
  type Person,
  type SignedIn,
  signIn,
} from '../support/people.ts';

/** Codes are for thirty seconds each, and the server takes the next one too. */
const NEXT_CODE = 30_000;

export interface People {
  readonly owner: Person;
  readonly proposer: Person;
  readonly approvers: readonly [Approver, Approver];
  /** Its key, which says who may write to whom. */
  readonly organisation: Organisation;
}

const OWNER = 'Olivia Berg';

/** `inviteApprover` protects the key's file so. */
const passphraseOf = ({ name }: Approver) => `the passphrase of ${name}`;

/** Makes everybody who is needed before there are devices, and has the approvers sign their root. */
export async function gather(admin: string, firstOwnerLink: string): Promise<People> {
  const owner = { ...(await firstOwner(admin, firstOwnerLink, OWNER)), name: OWNER };
  const [proposer, ...approvers] = await Promise.all([
    invite(admin, owner, 'Sana Malik', [{ role: 'legal' }, { role: 'fleet' }]),
    inviteApprover(admin, owner, 'Ada Okafor'),
    inviteApprover(admin, owner, 'Ben Weber'),
  ]);
  await adoptRoot(owner, approvers);
  const organisation = await foundOrganisation(owner, approvers);
  return { owner, proposer, approvers, organisation };
}

interface Holder {
  readonly person: Person;
  /** PKCS#8, DER, base64. */
  readonly approverKey: string | null;
  session: SignedIn;
}

export class Links {
  readonly #admin: string;
  readonly #holders = new Map<string, Holder>();

  constructor(admin: string) {
    this.#admin = admin;
  }

  /** The link of a person, which works any number of times. */
  add(person: Person | Approver): string {
    const ticket = randomBytes(16).toString('base64url');
    this.#holders.set(ticket, { person, approverKey: 'pem' in person ? keyOf(person) : null, session: person.session });
    const given = person.name.split(' ')[0]?.toLowerCase();
    return `http://${given}.localhost:${new URL(this.#admin).port}/#demo=${ticket}`;
  }

  /** A session that lives: signed out of or run out, another one is opened. */
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
