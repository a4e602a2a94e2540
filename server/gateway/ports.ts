/** What the device listener asks of the rest, each as narrow as it uses it. `server/main.ts` plugs the domain modules in. */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { MemberProof, Recollection } from '../../shared/protocol/device-http.ts';
import type { Inventory } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Observation, Verdict } from '../../shared/verdict/terms.ts';
import type { CommandRecord, CommandResult } from '../commands/commands.ts';
import type { SentCommand } from '../commands/unlock-shares.ts';
import type { Identity } from '../devices/identify.ts';
import type { Connected, Opened, Seen, Session, Sighted } from '../devices/ports.ts';
import type { Relay } from '../relay/relay.ts';

/** Which names of the server devices use (`server/startup/device-names.ts`). */
export interface NamesPort {
  /** An identified device sent this `Host` header. */
  seen(host: string | undefined): void;
}

/** The watch over the server's clock (`server/clock/clock-watch.ts`). */
export interface TimekeepingPort {
  /** False while something speaks against the server's clock: devices get no authenticated time then. */
  trusted(): boolean;
  /** A device told the time of its own clock. */
  deviceSays(device: DeviceId, wall: number): void;
  /** The newest time correction that approvers signed. */
  correction(): Envelope | null;
}

export interface DevicesPort {
  /** `now` is real time. */
  identify(fingerprint: string, now: number): Promise<Identity>;
  connected(device: Omit<Connected, 'at'>): Promise<Opened>;
  disconnected(session: Session): Promise<void>;
  /** Resolves once durable. */
  seen(session: Session, seen: Omit<Seen, 'at'>): Promise<void>;
  /** The device may not connect, and is well. */
  sighted(device: Omit<Sighted, 'at'>): Promise<void>;
  putInventory(device: DeviceId, inventory: Inventory): Promise<void>;
  raiseAlarm(alarm: { device: DeviceId; code: string; detail: string }): Promise<void>;
}

export interface CommandsPort {
  pendingFor(device: DeviceId, generation: number): Promise<SentCommand[]>;
  stored(device: DeviceId, generation: number, id: CommandRecord['id']): Promise<void>;
  finished(device: DeviceId, generation: number, result: CommandResult): Promise<void>;
}

export interface JurisdictionPort {
  /** What the address says of where the device is; none when it is no evidence. */
  observeAddress(
    device: DeviceId,
    generation: number,
    address: string | null,
    connected: boolean,
  ): Promise<readonly AreaCode[]>;
  observe(device: DeviceId, generation: number, observations: readonly Observation[]): Promise<void>;
  /** What its address says by the database in use now; null: the same, or the connection is over. */
  locateAnew(connection: {
    readonly device: DeviceId;
    readonly generation: number;
    readonly address: string | null;
    readonly areas: readonly string[];
    readonly open: boolean;
  }): Promise<readonly AreaCode[] | null>;
  /** Takes up the database that another node has taken. */
  followIpDatabase(): Promise<void>;
  currentIpDatabase(): { readonly use: number };
}

export interface OrdersPort {
  currentList(): { readonly version: number; readonly envelope: Envelope } | null;
  /** The revisions behind its stubs; the same array as long as nothing changes. */
  withheld(): readonly Envelope[];
  rootVersion(): number;
  /** Oldest first. */
  roots(): readonly Envelope[];
  record(device: DeviceId): Promise<{ readonly version: number; readonly envelope: Envelope } | null>;
  cachedVerdict(device: DeviceId): Verdict | undefined;
  verdict(device: DeviceId): Promise<Verdict>;
  storeReceipt(device: DeviceId, generation: number, envelope: Envelope): Promise<void>;
}

/** After a restore. See `server/recovery/restoration.ts`. */
export interface RestorationPort {
  asks(device: DeviceId, held: { readonly list: number; readonly root: number }): 'documents' | 'facts' | null;
  /** A device is waited for that has a newer list: ours is not pushed meanwhile. */
  holding(): boolean;
  take(device: DeviceId, generation: number, recollection: Recollection): Promise<void>;
  /** A certificate that the store lacks. True: it has the certificate now. */
  returning(der: Buffer): Promise<boolean>;
}

/** A server that was not restored. */
export const NOT_RESTORED: RestorationPort = {
  asks: () => null,
  holding: () => false,
  take: async () => {
    throw new CordonError('conflict', 'The server did not ask this device for its documents.');
  },
  returning: async () => false,
};

export interface MembershipPort {
  handIn(
    identity: { readonly device: DeviceId; readonly generation: number; readonly der: string },
    envelope: Envelope,
  ): Promise<{ readonly certificate: Envelope | null; readonly countersigned: boolean }>;
  own(
    device: DeviceId,
    generation: number,
  ): Promise<{ readonly certificate: Envelope | null; readonly countersigned: boolean }>;
  /** Both throw `rate_limited`. */
  search(text: string, asker: DeviceId): Promise<{ person: string; name: string; devices: number }[]>;
  /** `people`: those asked about, and those whose devices were. */
  members(
    of: { readonly people: readonly string[]; readonly devices: readonly DeviceId[] },
    asker: DeviceId,
  ): Promise<{ readonly people: ReadonlySet<string>; readonly members: readonly MemberProof[] }>;
}

export interface LedgerPort {
  readonly verifierKey: string;
  proveGrowth(older: number, size?: number): Promise<{ readonly proof: Buffer[]; readonly checkpoint: string }>;
}

export type RelayPort = Pick<
  Relay,
  'accept' | 'counters' | 'read' | 'take' | 'onArrival' | 'keyPackages' | 'attachments'
>;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
