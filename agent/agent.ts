/**
 * The agent as a library: what the daemon runs once and a simulated fleet runs hundreds of times in one process. It owns no
 * global state, reads no environment and makes no timer of its own but the link's backoff: time, sensors, network, credentials
 * and store come in through the ports below.
 */

import type { Inventory } from '../shared/protocol/frames.ts';
import type { DeviceId } from '../shared/protocol/ids.ts';
import type { Instant } from '../shared/time/clock.ts';
import { locationAt } from '../shared/verdict/locate.ts';
import { type Location, SERVICES, type Service } from '../shared/verdict/terms.ts';
import { createCommands } from './commands/commands.ts';
import { type DeviceTime, openDeviceClock } from './enforcement/device-clock.ts';
import { createDocumentIntake } from './enforcement/document-intake.ts';
import { openEnforcement } from './enforcement/enforcement.ts';
import { createExitWork } from './enforcement/exit-work.ts';
import { type GateView, gateView } from './enforcement/gate-view.ts';
import { createListWatch } from './enforcement/list-watch.ts';
import { createManagementGate } from './enforcement/management-gate.ts';
import { type Notice, noticesOf } from './enforcement/notices.ts';
import type { CredentialPort } from './enrolment/credentials.ts';
import { createOwnIdentity } from './enrolment/own-identity.ts';
import { createRevocationCheck } from './enrolment/revocation.ts';
import { observationsOf, type Sensors, type SourceState } from './evidence/sensors.ts';
import { createFrameDispatch } from './frame-dispatch.ts';
import { expiredCertificate } from './link/connection-failure.ts';
import type { DialPort } from './link/dial.ts';
import { overTls } from './link/http.ts';
import { createLink, type Link, type LinkState } from './link/link.ts';
import { createOutboxSender } from './link/outbox.ts';
import { createPoll } from './link/poll.ts';
import { createRecollecting } from './link/recollection.ts';
import { readRefusal } from './link/refusal.ts';
import type { Messaging, MessagingState } from './messaging/messaging.ts';
import { openMessaging } from './messaging/open-messaging.ts';
import type { AgentStore } from './store/agent-store.ts';
import { AGENT_VERSION } from './version.ts';
import type { Workspace } from './workspace/workspace.ts';

export interface AgentLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface AgentOptions {
  /** One file can hold many agents; this one sees only the rows of its own device. */
  readonly store: AgentStore;
  readonly credentials: CredentialPort;
  readonly time: DeviceTime;
  readonly sensors: Sensors;
  /** Opens the plain connection that TLS then runs over. A simulated one writes a PROXY protocol header first, or fails: offline. */
  readonly dial: DialPort;
  readonly workspace: Workspace;
  /** Collects the inventory; `collectInventory` of `inventory/inventory.ts` in the daemon. */
  readonly inventory: () => Promise<Inventory>;
  /** `restart-agent` and `unenrol`: called when the result is durable (and, for `unenrol`, sent). */
  readonly onRestart: () => void;
  readonly onUnenrolled: () => void;
  /** Real time, in milliseconds, that a newer list may take before its absence is worth an alarm; for thousands of agents that share a machine. */
  readonly listWithin?: number | undefined;
  /** How many key packages lie at the server; fewer for thousands of agents that share a machine. */
  readonly keyPackages?: number | undefined;
  /** Real time, in milliseconds, that what is missing in a conversation may take before this device asks to be let in again. */
  readonly patience?: number | undefined;
  /** Tells whoever uses this machine of an order. True when it was displayed to them. */
  readonly notify?: ((notice: Notice) => Promise<boolean>) | undefined;
  /** Shows the user of this machine a text that is not about an order. */
  readonly announce?: ((text: string) => void) | undefined;
  readonly log: AgentLog;
}

export interface AgentStatus {
  readonly device: DeviceId;
  readonly generation: number;
  readonly installation: string;
  /** The device's own time (`enforcement/device-clock.ts`), and whether it is the server's. */
  readonly now: Instant;
  readonly authenticatedTime: boolean;
  /** The server's time while it is implausibly far ahead, so that this device keeps its own. Null otherwise. */
  readonly claimedTime: Instant | null;
  readonly connection: LinkState;
  /** Why the link is not up, in words; null while it is. */
  readonly connectionDetail: string | null;
  readonly certificateExpires: Instant;
  /** Versions that are stored durably; 0 for none. */
  readonly root: number;
  readonly list: number;
  readonly record: number;
  readonly listExpires: Instant | null;
  readonly location: Location;
  /** What was asked at the last reading; empty before the first. */
  readonly sources: readonly SourceState[];
  readonly gates: readonly GateView[];
  readonly nextChange: Instant | null;
  readonly workspace: 'open' | 'locked' | 'wiped';
  readonly messaging: MessagingState;
  /** Reports that the server has not confirmed yet. */
  readonly unsent: number;
}

export interface Agent {
  /** Re-evaluates what is stored before anything else (a crash may lie between storing and enforcing), then connects. */
  start(): Promise<void>;
  /** Ends the link and every timer. What is stored stays. */
  stop(): Promise<void>;
  status(): AgentStatus;
  /** What this agent itself enforces now, for one service. */
  gate(service: Service): GateView;
  /** Reads the sensors once, folds what they say, re-evaluates and reports it. */
  sample(): Promise<void>;
  /**
   * One round of what is periodic: re-evaluate at the device's time, renew the certificate when due, go on with what is unfinished.
   * The daemon calls it on a timer; when to dial and to knock is the link's to say.
   */
  maintain(): Promise<void>;
  /** `maintain`, and dial, or poll and knock while refused, at once: after a jump of a simulation's clock. */
  tick(): Promise<void>;
  /** The operating system's (or a simulation's) word on the network: false drops the link and stops dialling. */
  network(available: boolean): void;
  /** People's messages. */
  readonly messaging: Messaging;
  /** Called after each change of connection, stored document or gate. Returns the cancellation. */
  onChange(listener: () => void): () => void;
  /** Every order that is noticed or in force. */
  notices(): readonly Notice[];
  /** Tells the agent that these orders, or all, were displayed to a person: makes the `shown` receipts, once per order and revision. */
  shown(orders?: readonly string[]): void;
}

/** An unenrolment waits so long for its result to be sent before the keys go. */
const GOODBYE_WITHIN = 30_000;

export function createAgent(options: AgentOptions): Agent {
  const { credentials, log, time } = options;
  const { device, installation, generation } = credentials.current();
  const store = options.store.device(device);
  store.beginGeneration(generation);
  const clock = openDeviceClock(time, store);
  const changeListeners = new Set<() => void>();
  let sources: readonly SourceState[] = [];
  let inventoryTold = false;
  let goodbye: NodeJS.Timeout | undefined;

  const changed = () => {
    for (const listener of changeListeners) listener();
  };

  /** A disk that is full, or takes nothing: what could not be kept now is made good at the next round, or at the next start. */
  const ifItCanBeKept = (work: () => void) => {
    try {
      work();
    } catch (error) {
      log.warn('the agent’s state could not be kept', { error: words(error) });
    }
  };

  const own = createOwnIdentity({
    credentials,
    dial: options.dial,
    onRenewed: () => log.info('the certificate was renewed'),
    onFailure: (error) => log.warn('the certificate could not be renewed', { error: words(error) }),
  });

  const enforcement = openEnforcement({
    store,
    clock,
    time,
    identity: { device, installation, generation: () => generation },
    signer: own.signer,
    onChange() {
      outbox.pump();
      listWatch.look();
      management.changed();
      messaging.poke();
      lookAgain();
      changed();
    },
    onListExpired: () => listWatch.look(),
    onNotice: ({ order }) => void tell(order),
    onExit: () => void exits.work(),
    onFailure: (error) => log.warn('the gates could not be kept', { error: words(error) }),
  });
  const exits = createExitWork({
    enforcement,
    workspace: options.workspace,
    onDone(order) {
      log.warn('work data was wiped: an order ends service here for good', { order });
      messaging.poke();
      // Whoever is refused says it now: the next knock may be a quarter of an hour off.
      if (link.state === 'refused') void poll.all();
    },
    onFailure: (error) => log.warn('work data could not be wiped', { error: words(error) }),
  });
  const sample = async () => {
    const reading = await options.sensors();
    sources = reading.sources ?? [];
    enforcement.observe(observationsOf(reading, clock.now(), enforcement.polygons()));
  };
  const drawn = () =>
    enforcement
      .polygons()
      .map(({ code }) => code)
      .join(' ');
  let lookedFor = drawn();
  /** What was observed before says nothing of a polygon that has come since. */
  const lookAgain = () => {
    if (drawn() === lookedFor) return;
    lookedFor = drawn();
    sample().catch((error: unknown) => log.warn('the position could not be looked at again', { error: words(error) }));
  };
  const gate = (service: Service): GateView => gateView(service, enforcement, clock.now());

  const intake = createDocumentIntake(enforcement, clock, (code, detail) =>
    log.warn('a document was refused', { code, detail }),
  );

  const listWatch = createListWatch(
    {
      expired: enforcement.listExpired,
      connected: () => link.state === 'connected',
      alarm: () => ifItCanBeKept(enforcement.listStale),
    },
    options.listWithin,
  );

  const recollecting = createRecollecting({
    deviceUrl: () => credentials.current().deviceUrl,
    http: () => overTls(own.dial()),
    store,
    onFailure: (error) => log.debug('the stored documents could not be sent', { error: words(error) }),
  });

  const poll = createPoll({
    publicUrl: () => credentials.current().publicUrl,
    deviceUrl: () => credentials.current().deviceUrl,
    http: () => overTls(own.dial()),
    outbox: store,
    intake,
    versions: () => versions(),
    documents: enforcement.documents,
    recollect: recollecting.send,
    onListSeen: listWatch.polled,
    onFailure: (what, error) => log.debug('polling failed', { what, error: words(error) }),
  });

  const versions = () => ({
    list: enforcement.documents.list?.version ?? 0,
    record: enforcement.documents.record?.version ?? 0,
    root: enforcement.documents.root?.approvers.version ?? 0,
  });

  const link: Link = createLink({
    url: () => new URL(credentials.current().deviceUrl),
    secureDial: own.dial,
    hello: () => ({ kind: 'hello', agent: AGENT_VERSION, wall: time.wall(), ...versions() }),
    denied: () => management.denial(),
    onFrame: (frame) => take(frame),
    onDown() {
      outbox.closed();
      messaging.down();
      ifItCanBeKept(() => enforcement.addressLeft(clock.now()));
    },
    onRefusal(body) {
      // What a 451 tells beside its problem: the list that it refuses by, and where the device was seen to come from.
      const { list, withheld, address, recall } = readRefusal(body);
      // The order that refuses it may have been withdrawn since the backup: what the server learns can let it in at once.
      if (recall !== null)
        void recollecting.send(recall === 'documents').then((taken) => (taken ? link.attempt() : undefined));
      ifItCanBeKept(() => {
        if (address) intake.address(address, false);
        if (list) intake.list(list, withheld);
      });
    },
    beforeKnock: poll.all,
    onExpired: () => own.renew(true),
    // The server ends a device that has unenrolled itself. The device knows that, and needs no proof.
    confirmRevoked: async () => store.unenrolling() || (await revocation.confirmed()),
    onState(state, detail) {
      log.info('link', { state, ...(detail === null ? {} : { detail }) });
      if (state === 'rejected') tellRejected(detail ?? '');
      if (state === 'connected') rejectionTold = false;
      if (state === 'refused' && store.receipts(1).length > 0) void poll.all();
      if (state === 'revoked' && store.unenrolling()) leave();
      management.changed();
      listWatch.look();
      changed();
    },
  });

  const revocation = createRevocationCheck({
    credentials,
    http: () => overTls(own.dial()),
    onFailure: (error) => log.debug('the revocation list could not be checked', { error: words(error) }),
  });

  let rejectionTold = false;
  /** Once per rejection. The report reaches the server when the server accepts the device again. */
  function tellRejected(detail: string): void {
    if (rejectionTold) return;
    rejectionTold = true;
    log.warn('the server does not accept the certificate', { detail });
    ifItCanBeKept(() => store.report({ type: 'alarm', code: 'certificate_rejected', detail, at: clock.now() }));
  }

  const management = createManagementGate({ gate: () => gate('management'), link: () => link });

  const outbox = createOutboxSender(store, link.send);

  const commands = createCommands({
    store,
    workspace: options.workspace,
    inventory: options.inventory,
    deviceNow: clock.now,
    onResult() {
      outbox.pump();
      // The workspace may have been locked, opened or wiped.
      messaging.poke();
      changed();
    },
    onRestart: options.onRestart,
    onUnenrol: () => leaveWhenSent(),
    onFailure: (error) => log.warn('a command could not be carried out', { error: words(error) }),
  });

  const messaging = openMessaging({
    ...{ identity: { device, installation, generation }, signer: own.signer, store, workspace: options.workspace },
    root: () => enforcement.documents.root,
    http: () => overTls(own.dial()),
    deviceUrl: () => credentials.current().deviceUrl,
    send: link.send,
    gate: () => gate('messaging'),
    now: clock.now,
    monotonic: () => Math.round(performance.now()),
    onReport: () => outbox.pump(),
    onFailure: (what, error) => log.debug('messages have to wait', { what, error: words(error) }),
    announce: (text) => options.announce?.(text),
    keyPackages: options.keyPackages,
    patience: options.patience,
  });

  const take = createFrameDispatch({
    identity: { device, installation, generation },
    intake,
    outbox,
    commands,
    messaging,
    send: link.send,
    versions,
    onTime(at) {
      clock.authenticate(at);
      enforcement.clockClaimed();
      enforcement.settle();
    },
    onWelcome() {
      if (!inventoryTold) void tellInventory();
    },
    onRecall: (documents) => void recollecting.send(documents),
    onReportsStored() {
      if (store.unenrolling() && store.count() === 0) leave();
      changed();
    },
  });

  async function tellInventory(): Promise<void> {
    inventoryTold = true;
    try {
      store.report({ type: 'inventory', inventory: await options.inventory() });
      outbox.pump();
    } catch (error) {
      inventoryTold = false;
      log.warn('the inventory could not be collected', { error: words(error) });
    }
  }

  /** The result goes first; a server that cannot be reached does not keep the keys alive for ever. */
  function leaveWhenSent(): void {
    goodbye ??= setTimeout(leave, GOODBYE_WITHIN).unref();
  }

  function rest(): void {
    clearTimeout(goodbye);
    management.stop();
    listWatch.stop();
    link.stop();
    enforcement.stop();
  }

  function leave(): void {
    rest();
    void messaging.stop();
    credentials.destroy();
    store.clear();
    log.info('unenrolled: the keys are destroyed');
    options.onUnenrolled();
  }

  /** An expired certificate explains every other failure: the server then ends connections without a word. */
  const connectionDetail = () => {
    if (link.state === 'connected' || link.state === 'revoked') return link.detail;
    const { notAfter } = own.certificate();
    return expiredCertificate({ notAfter, now: time.wall(), renewal: own.renewalFailure() }) ?? link.detail;
  };

  const notices = () =>
    noticesOf(
      enforcement.documents.orders.values(),
      enforcement.notices(),
      enforcement.exits(),
      enforcement.gates(),
      clock.now(),
    );

  /** A desktop says at once whether it has one to show it to; whoever looks for themselves is told by command line or page. */
  async function tell(order: string): Promise<void> {
    const notice = notices().find((each) => each.order === order);
    if (!notice || !options.notify || !(await options.notify(notice))) return;
    ifItCanBeKept(() => enforcement.shown([notice]));
  }

  const maintain = async () => {
    // First what needs no room on the disk.
    enforcement.settle();
    clock.keep();
    await own.renew();
    if (enforcement.documents.lacking && link.state === 'connected') await poll.withheld();
    await commands.work();
    await exits.work();
    outbox.pump();
    await messaging.maintain();
  };

  return {
    async start() {
      // A crash leaves the address marked as connected; it was last known to be so when the clock was last kept.
      enforcement.addressLeft(clock.left);
      enforcement.settle();
      // A kill may lie between what was due and its showing.
      for (const { order } of enforcement.unshown()) void tell(order);
      if (store.unenrolling()) leaveWhenSent();
      void commands.work();
      messaging.poke();
      link.start();
    },
    async stop() {
      rest();
      outbox.closed();
      await messaging.stop();
      clock.keep();
    },
    status: () => ({
      device,
      generation,
      installation,
      now: clock.now(),
      authenticatedTime: link.state === 'connected' && clock.claimed() === null,
      claimedTime: clock.claimed(),
      connection: link.state,
      connectionDetail: connectionDetail(),
      certificateExpires: own.certificate().notAfter,
      ...versions(),
      listExpires: enforcement.documents.list?.expires ?? null,
      location: locationAt(enforcement.location, Math.max(clock.now(), enforcement.location.at)),
      sources,
      gates: SERVICES.map(gate),
      nextChange: enforcement.verdict?.nextChange ?? null,
      workspace: options.workspace.state(),
      messaging: messaging.state(),
      unsent: store.count(),
    }),
    gate,
    sample,
    maintain,
    async tick() {
      await maintain();
      await link.attempt();
    },
    network: link.network,
    messaging,
    onChange(listener) {
      changeListeners.add(listener);
      return () => changeListeners.delete(listener);
    },
    notices,
    shown: (orders) =>
      ifItCanBeKept(() => enforcement.shown(notices().filter(({ order }) => orders?.includes(order) ?? true))),
  };
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
