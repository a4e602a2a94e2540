/**
 * People whose devices a session has requested. The server notifies the session of changes of these devices. The list is bounded and ends
 * with the session.
 */
import type { DeviceSession } from './session.ts';

/**
 * Maximum number of people whose devices one session is notified of. If the session requests more people, the server removes the people
 * requested longest ago. The session is not notified of their devices until it requests these people again.
 */
const MOST_EACH = 1000;

export class Interests {
  readonly #people = new Map<DeviceSession, Set<string>>();
  readonly #sessions = new Map<string, Set<DeviceSession>>();

  add(session: DeviceSession, people: Iterable<string>): void {
    const known = this.#people.get(session) ?? new Set();
    this.#people.set(session, known);
    for (const person of people) {
      // A repeated request moves the person to the end, so that the person is removed last.
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
