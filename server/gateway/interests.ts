/** Which people's devices a session has asked about, so that it hears when they change. Kept for as long as the session lives, and bounded. */
import type { DeviceSession } from './session.ts';

/** People that one session hears of; beyond that it no longer hears of those it asked about first, and asks again by itself. */
const MOST_EACH = 1000;

export class Interests {
  readonly #people = new Map<DeviceSession, Set<string>>();
  readonly #sessions = new Map<string, Set<DeviceSession>>();

  add(session: DeviceSession, people: Iterable<string>): void {
    const known = this.#people.get(session) ?? new Set();
    this.#people.set(session, known);
    for (const person of people) {
      // Asked about again, it is the newest.
      known.delete(person);
      known.add(person);
      const interested = this.#sessions.get(person);
      if (interested) interested.add(session);
      else this.#sessions.set(person, new Set([session]));
    }
    for (const person of known) {
      if (known.size <= MOST_EACH) break;
      known.delete(person);
      this.#forget(session, person);
    }
  }

  remove(session: DeviceSession): void {
    for (const person of this.#people.get(session) ?? []) this.#forget(session, person);
    this.#people.delete(session);
  }

  in(person: string): Iterable<DeviceSession> {
    return this.#sessions.get(person) ?? [];
  }

  #forget(session: DeviceSession, person: string): void {
    const interested = this.#sessions.get(person);
    interested?.delete(session);
    if (interested?.size === 0) this.#sessions.delete(person);
  }
}
