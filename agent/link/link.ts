/**
 * WebSocket link to the device listener, which connects again after each loss of the connection (protocol: `shared/protocol/frames.ts`).
 * All times are those of the machine's own clock, not of `device-clock.ts`.
 */
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import { backoff } from './backoff.ts';
import {
  type Connection,
  type ConnectionPorts,
  type DialPorts,
  dialServer,
  type Ending,
  openConnection,
} from './connection.ts';

export const LINK_STATES = [
  'stopped',
  'connecting',
  'connected',
  /** State `waiting`: there is no connection, and the next attempt is scheduled. */
  'waiting',
  /**
   * State `refused`: an order suspends the service `management`. The device polls the order list, and tries to connect at long intervals.
   */
  'refused',
  /** State `rejected`: the server refuses the certificate, but no signed revocation list contains it. The agent keeps trying. */
  'rejected',
  /**
   * State `unrestored`: the server was restored from a backup that lacks this device's certificate. The agent keeps trying, because an admin
   * may readmit the device.
   */
  'unrestored',
  /** State `revoked`: the signed revocation list contains the certificate. The agent does not connect again. */
  'revoked',
] as const;
export type LinkState = (typeof LINK_STATES)[number];

export interface LinkPorts extends DialPorts, ConnectionPorts {
  /** Why an enforced order forbids a connection; null if no order does. */
  readonly denied: () => string | null;
  readonly onDown: () => void;
  /** Called before each connection attempt of a refused device: polls the order list and sends receipts. Must not reject. */
  readonly beforeKnock: () => Promise<void>;
  /**
   * True only if a signed revocation list contains the device's certificate. An unsigned refusal is not enough, because a server with the
   * wrong database refuses every device. Must not reject.
   */
  readonly confirmRevoked: () => Promise<boolean>;
  /** Called when the server refuses the device's expired certificate. Must not reject. */
  readonly onExpired: () => Promise<void>;
  readonly onState: (state: LinkState, detail: string | null) => void;
}

export interface Link {
  readonly state: LinkState;
  readonly detail: string | null;
  start(): void;
  stop(): void;
  send(frame: DeviceFrame): boolean;
  /** Tries to connect at once if the link is waiting or refused. Resolves at the end of the attempt. */
  attempt(): Promise<void>;
  network(available: boolean): void;
  reconnect(): void;
  /** Closes the connection because an order that this device enforces no longer allows it. The link's state becomes `refused`. */
  suspend(why: string): void;
}

/** Milliseconds between two connection attempts of a refused device if the server sends no `Retry-After`. */
const REFUSED_RETRY = 15 * 60_000;

export const createLink = (ports: LinkPorts): Link => new ServerLink(ports);

class ServerLink implements Link {
  readonly #ports: LinkPorts;
  #state: LinkState = 'stopped';
  #detail: string | null = null;
  #connection: Connection | null = null;
  #timer: NodeJS.Timeout | undefined;
  #attempting: Promise<void> | null = null;
  #failures = 0;
  #isAvailable = true;

  constructor(ports: LinkPorts) {
    this.#ports = ports;
  }

  get state(): LinkState {
    return this.#state;
  }

  get detail(): string | null {
    return this.#detail;
  }

  start(): void {
    if (this.#state !== 'stopped') return;
    this.#become('waiting', 'starting');
    void this.attempt();
  }

  stop(): void {
    clearTimeout(this.#timer);
    const open = this.#connection;
    this.#connection = null;
    this.#become('stopped', 'stopped');
    open?.close('stopped');
  }

  readonly send = (frame: DeviceFrame): boolean =>
    this.#state === 'connected' && this.#connection !== null && this.#connection.send(frame);

  attempt(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#isAvailable || !(this.#state === 'waiting' || this.#isTurnedAway()))
      return this.#attempting ?? Promise.resolve();
    this.#attempting ??= this.#knock().finally(() => {
      this.#attempting = null;
    });
    return this.#attempting;
  }

  reconnect(): void {
    if (this.#state === 'connected') this.#connection?.close('reconnect');
  }

  suspend(why: string): void {
    if (this.#state === 'connected') this.#connection?.suspend(why);
  }

  network(available: boolean): void {
    if (this.#isAvailable === available) return;
    this.#isAvailable = available;
    if (available) {
      this.#failures = 0;
      void this.attempt();
    } else {
      clearTimeout(this.#timer);
      this.#connection?.terminate();
    }
  }

  /**
   * Returns true if the link was stopped. The comparison is in a method, because the TypeScript compiler would assume that a directly
   * compared state cannot change during an `await`.
   */
  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  #isTurnedAway(): boolean {
    return this.#state === 'refused' || this.#state === 'rejected' || this.#state === 'unrestored';
  }

  #become(next: LinkState, why: string | null): void {
    if (this.#state === next && this.#detail === why) return;
    this.#state = next;
    this.#detail = why;
    this.#ports.onState(next, why);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.attempt(), ms);
    this.#timer.unref();
  }

  async #knock(): Promise<void> {
    const { denied, beforeKnock } = this.#ports;
    // While the server refuses the device, only this poll fetches a newer order list. The newer list may allow the connection.
    if (this.#isTurnedAway() || denied() !== null) await beforeKnock();
    if (this.#isStopped() || !this.#isAvailable) return;
    const detail = denied();
    if (detail !== null) return this.#ended({ next: 'refused', detail, retryAfter: null });
    return this.#open();
  }

  async #open(): Promise<void> {
    // The states of a device that the server turns away last until the server accepts the device.
    if (!this.#isTurnedAway()) this.#become('connecting', 'connecting');
    const { host } = this.#ports.url();
    const secure = await dialServer(this.#ports);
    if ('next' in secure) return this.#ended(secure);
    if (!this.#isAvailable || this.#isStopped()) {
      secure.destroy();
      return this.#ended({
        next: 'retry',
        detail: 'There is no network. The agent connects when the network returns.',
        retryAfter: null,
      });
    }
    await new Promise<void>((resolve) => {
      const connection = openConnection(host, secure, {
        ...this.#ports,
        onFrame: (frame) => {
          if (frame.kind === 'welcome') this.#become('connected', null);
          this.#ports.onFrame(frame);
          if (frame.kind === 'welcome') resolve();
        },
        onKept: (ending) => {
          if (this.#connection === connection) void this.#ended(ending).then(resolve, resolve);
          else resolve();
        },
      });
      this.#connection = connection;
    });
  }

  async #ended(ending: Ending): Promise<void> {
    this.#connection = null;
    if (this.#isStopped()) return;
    // After the agent has closed a connection because it could not process a frame, the number of failures stays. The server repeats that
    // frame on each connection, so the delay before the next attempt must grow.
    if (this.#state === 'connected' && !('unfit' in ending)) this.#failures = 0;
    this.#ports.onDown();
    if (ending.next === 'rejected') return this.#rejected(ending.detail);
    if (ending.next === 'unrestored') {
      this.#become('unrestored', ending.detail);
      return this.#waitLonger(null);
    }
    if (ending.next === 'expired') await this.#ports.onExpired();
    if (ending.next === 'refused') {
      this.#failures = 0;
      this.#become('refused', ending.detail);
      return this.#wait(backoff(0, Math.random(), ending.retryAfter ?? REFUSED_RETRY));
    }
    this.#become('waiting', ending.detail);
    this.#waitLonger('retryAfter' in ending ? ending.retryAfter : null);
  }

  async #rejected(why: string): Promise<void> {
    const confirmed = await this.#ports.confirmRevoked();
    if (this.#isStopped()) return;
    if (confirmed) {
      const detail = `${why} The signed revocation list confirms it. Enroll the device again with a new link.`;
      return this.#become('revoked', detail);
    }
    this.#become('rejected', `${why} No signed revocation list confirms it, so the agent tries again.`);
    this.#waitLonger(null);
  }

  #waitLonger(retryAfter: number | null): void {
    if (this.#isAvailable) this.#wait(backoff(this.#failures++, Math.random(), retryAfter));
  }
}
