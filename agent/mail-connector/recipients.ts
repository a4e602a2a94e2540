import { isCordonError } from '../../shared/errors.ts';
import type { MailRecipient } from '../../shared/protocol/mail-http.ts';
import { canonicalEmail } from '../../shared/text/canonical-email.ts';
import type { MailClient } from '../mail/mail-client.ts';
import type { Member } from '../messaging/members/member.ts';
import { isSameAddress, normalAddress } from './addresses.ts';
import { type Suspension, suspensionOf } from './smtp-reply.ts';

/**
 * States that the connector may cache. It does not cache refusals, because a refusal must end at once when its order ends or the mailbox
 * has space.
 */
const CACHED: ReadonlySet<RecipientCheck['state']> = new Set(['available', 'held', 'unknown']);
/** Milliseconds for which a response of the server stays in the cache: long enough for the recipients of one burst of mail. */
const CACHE = 10_000;
const MOST_CACHED = 10_000;

export type RecipientCheck =
  | { readonly state: 'available' | 'held'; readonly person: string }
  | { readonly state: 'refused'; readonly person: string; readonly suspension: Suspension }
  | { readonly state: 'full' | 'no-device' | 'unknown' | 'unavailable' };

export interface Recipients {
  check(address: string): Promise<RecipientCheck>;
  /** Verified devices of a person that the organization has certified for this address. */
  devicesFor(person: string, address: string): Promise<readonly Member[]>;
}

/**
 * Recipients of mail. The server names the person with an address. The connector accepts this only if the countersigned certificate of a
 * device of this person contains the address. Otherwise a dishonest server could direct mail to a device of its own.
 */
export function createRecipients(ports: {
  readonly client: Pick<MailClient, 'recipients'>;
  readonly membersOf: (people: readonly string[]) => Promise<ReadonlyMap<string, readonly Member[]>>;
  readonly now: () => number;
  /** Called when the server names a person whose verified devices have another address. */
  readonly onRedirected: (detail: string) => void;
  readonly onFailure: (what: string, error: unknown) => void;
}): Recipients {
  const { client, membersOf, now } = ports;
  const cache = new Map<string, { readonly until: number; readonly check: Promise<RecipientCheck> }>();

  async function devicesFor(person: string, address: string): Promise<readonly Member[]> {
    const members = (await membersOf([person])).get(person) ?? [];
    return members.filter(({ email, mailConnector }) => mailConnector !== true && isSameAddress(address, email));
  }

  async function ask(address: string): Promise<RecipientCheck> {
    const [found] = await client.recipients([address]);
    if (!found || !isSameAddress(found.address, address)) return { state: 'unavailable' };
    const stated = statedCheck(found);
    if (!('person' in stated)) return stated;
    const { person } = stated;
    const devices = await devicesFor(person, address);
    if (devices.length > 0) return stated;
    const others = (await membersOf([person])).get(person) ?? [];
    if (others.some(({ email }) => isVariant(address, email))) return { state: 'unknown' };
    if (others.length > 0) {
      ports.onRedirected(
        `The server says that ${address} is the address of ${person}, but no verified device of this person has the address in its certificate.`,
      );
    }
    return { state: 'no-device' };
  }

  async function safely(address: string): Promise<RecipientCheck> {
    try {
      return await ask(address);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      ports.onFailure('the check of a recipient', error);
      return { state: 'unavailable' };
    }
  }

  return {
    devicesFor,
    check(address) {
      const known = cache.get(address);
      if (known && known.until > now()) return known.check;
      if (cache.size >= MOST_CACHED) cache.clear();
      const check = safely(address);
      cache.set(address, { until: now() + CACHE, check });
      const forget = () => void cache.delete(address);
      check.then(({ state }) => void (CACHED.has(state) || forget()), forget);
      return check;
    },
  };
}

/**
 * True if the server may treat `address` like the address `certified`, although mail systems treat them as different. The server ignores
 * letters that look alike, and tags after a plus sign. An address without such a letter or tag gives the server no reason for its
 * statement.
 */
function isVariant(address: string, certified: string | null | undefined): boolean {
  if (certified == null || isSameAddress(address, certified)) return false;
  const canonical = canonicalEmail(address);
  return canonical !== normalAddress(address) && canonical === canonicalEmail(certified);
}

function statedCheck({ person, state, denial }: MailRecipient): RecipientCheck {
  switch (state) {
    case 'available':
    case 'held':
      return person === null ? { state: 'unavailable' } : { state, person };
    case 'refused': {
      const suspension = denial ? suspensionOf(denial) : { order: null, explanation: '', appeal: null };
      return person === null ? { state: 'unavailable' } : { state, person, suspension };
    }
    default:
      return { state };
  }
}
