/**
 * Sessions of the device page, only in memory. The owner gets a link whose ticket works once, within a minute. The page exchanges the
 * ticket for a cookie and a token: browsers send a cookie to every port of 127.0.0.1, but keep the token separate for each port.
 */
import { createHash, randomBytes } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';

const TICKET_FOR = 60_000;
/**
 * Maximum numbers of unused links and of sessions of the device page. A further link replaces the oldest link, and a further session the
 * oldest session.
 */
const MOST_TICKETS = 10;
const MOST_SESSIONS = 20;

/** Milliseconds of a minute. */
const MINUTE = 60_000;

export interface PageSession {
  readonly ended: AbortSignal;
}

export interface Sessions {
  ticket(now: number): string;
  /** Exchanges the ticket of a link for a session. Throws `credentials_wrong` if the ticket is unknown, used or expired. */
  exchange(ticket: string, now: number): { readonly cookie: string; readonly token: string };
  ofCookie(cookie: string | null): PageSession | null;
  /** Session of a cookie and a token; null unless both belong to the same session. */
  of(cookie: string | null, token: string | undefined): PageSession | null;
  end(cookie: string | null): void;
  /** Notes an input of the user. Requests alone do not prolong a session, because a page repeats them by itself. */
  use(cookie: string | null, now: number): void;
  /** Ends the sessions without input for longer than the limit. */
  endIdle(now: number): void;
}

interface Held extends PageSession {
  readonly token: string;
  readonly abort: () => void;
  usedAt: number;
}

/** `idleMinutes`: minutes without input after which a session ends; null for no limit. */
export function createSessions(idleMinutes: () => number | null = () => null): Sessions {
  // The keys are hashes of tickets and cookies, so that the duration of a lookup reveals nothing about a secret.
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
          'This link was used or is older than a minute. Create a new link with “cordon-agent open”.',
        );
      }
      const [cookie, token] = [secret(), secret()];
      const ending = new AbortController();
      makeRoom(sessions, MOST_SESSIONS, drop);
      sessions.set(hash(cookie), {
        token: hash(token),
        ended: ending.signal,
        abort: () => ending.abort(),
        usedAt: now,
      });
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
    use(cookie, now) {
      const session = cookie === null ? undefined : sessions.get(hash(cookie));
      if (session) session.usedAt = now;
    },
    endIdle(now) {
      const minutes = idleMinutes();
      if (minutes === null) return;
      for (const [key, { usedAt }] of [...sessions]) if (now - usedAt >= minutes * MINUTE) drop(key);
    },
  };
}

const secret = (): string => randomBytes(32).toString('base64url');
const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

function makeRoom<T>(entries: Map<string, T>, most: number, drop: (key: string) => void): void {
  for (const key of [...entries.keys()].slice(0, Math.max(0, entries.size - most + 1))) drop(key);
}
