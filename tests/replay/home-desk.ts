/** Homes of devices. Two admins set a home that changes an order's effect. */
import { z } from 'zod';
import { actionConfirmed, actionDetail } from '../../shared/api/actions.ts';
import { deviceView } from '../../shared/api/devices.ts';
import { isCordonError } from '../../shared/errors.ts';
import { invite, type Person } from '../support/people.ts';

const FLEET = [{ role: 'fleet' }];
/** Shorter than the validity of a step-up. */
const SESSION = 60_000;
const pendingAction = z.object({ action: z.string() });

export class HomeDesk {
  readonly #adminUrl: string;
  readonly #owner: Person;
  /** The owner created both accounts, so the owner does not count as a second person for them. */
  #first: Person | null = null;
  #second: { readonly person: Person; readonly until: number } | null = null;
  #invited = 0;

  constructor(adminUrl: string, owner: Person) {
    this.#adminUrl = adminUrl;
    this.#owner = owner;
  }

  async move(device: string, home: string | null): Promise<void> {
    this.#first ??= await this.#invite();
    // The server refuses a proposal that nobody can confirm.
    if (this.#second === null) await this.#confirmer();
    try {
      await this.#first.api.call('PATCH', `/devices/${device}`, deviceView, { home });
    } catch (error) {
      if (!isCordonError(error, 'second_person_required')) throw error;
      const { action } = pendingAction.parse(error.context);
      const second = await this.#confirmer();
      const { hash } = await second.api.call('GET', `/actions/${action}`, actionDetail);
      await second.browser.call('POST', `/actions/${action}/confirm`, actionConfirmed, { hash });
    }
  }

  /** A confirmation needs a recent sign-in. */
  async #confirmer(): Promise<Person> {
    if (this.#second === null || this.#second.until < Date.now()) {
      this.#second = { person: await this.#invite(), until: Date.now() + SESSION };
    }
    return this.#second.person;
  }

  #invite(): Promise<Person> {
    this.#invited += 1;
    return invite(this.#adminUrl, this.#owner, `fleet admin ${this.#invited}`, FLEET);
  }
}
