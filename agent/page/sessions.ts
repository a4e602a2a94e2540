/**
 * Who may use the page: whoever follows a link that the daemon gave to its owner over a socket that only its owner can open. The link's ticket
 * works once, within a minute. What it is exchanged for has two halves. The cookie alone is not enough: a browser sends it to every port of
 * 127.0.0.1, to another user's program as well. The token alone is not either: it is the page's own and stays with its origin, port and all.
 * Nothing of this is stored; it ends with the daemon.
 */
import { createHash, randomBytes } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';

const TICKET_FOR = 60_000;
/** Links that were asked for and not followed, and browsers that have. The oldest makes room. */
const MOST_TICKETS = 10;
const MOST_SESSIONS = 20;

export interface PageSession {
  /** Aborted when the session ends. */
  readonly ended: AbortSignal;
}

export interface Sessions {
  /** `now`: real time, in milliseconds. */
  ticket(now: number): string;
  /** Throws `credentials_wrong`. */
  exchange(ticket: string, now: number): { readonly cookie: string; readonly token: string };
  /** By the cookie alone. Null when there is none. */
  ofCookie(cookie: string | null): PageSession | null;
  /** By both halves. Null when they do not belong together. */
  of(cookie: string | null, token: string | undefined): PageSession | null;
  end(cookie: string | null): void;
}

interface Held extends PageSession {
  readonly token: string;
  readonly abort: () => void;
}

export function createSessions(): Sessions {
  // Under their hashes, so that looking one up tells nothing by the time that it takes.
  const tickets = new Map<string, number>();
  const sessions = new Map<string, Held>();

  const ofCookie = (cookie: string | null) => (cookie === null ? null : (sessions.get(hash(cookie)) ?? null));
  const drop = (key: string) => {
    sessions.get(key)?.abort();
    sessions.delete(key);
  };

  return {
    ticket(now) {
      const ticket = secret();
      makeRoom(tickets, MOST_TICKETS, (key) => tickets.delete(key));
      tickets.set(hash(ticket), now + TICKET_FOR);
      return ticket;
    },
    exchange(ticket, now) {
      const key = hash(ticket);
      const until = tickets.get(key);
      tickets.delete(key);
      if (until === undefined || now >= until) {
        throw new CordonError(
          'credentials_wrong',
          'This link has been used, or is older than a minute. Get another one by `cordon-agent open`.',
        );
      }
      const [cookie, token] = [secret(), secret()];
      const ending = new AbortController();
      makeRoom(sessions, MOST_SESSIONS, drop);
      sessions.set(hash(cookie), { token: hash(token), ended: ending.signal, abort: () => ending.abort() });
      return { cookie, token };
    },
    ofCookie,
    of(cookie, token) {
      const session = ofCookie(cookie);
      return session !== null && token !== undefined && hash(token) === session.token ? session : null;
    },
    end(cookie) {
      if (cookie !== null) drop(hash(cookie));
    },
  };
}

const secret = (): string => randomBytes(32).toString('base64url');
const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

function makeRoom<T>(held: Map<string, T>, most: number, drop: (key: string) => void): void {
  for (const key of [...held.keys()].slice(0, Math.max(0, held.size - most + 1))) drop(key);
}
