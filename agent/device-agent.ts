import type { DeviceId } from '../shared/protocol/ids.ts';
import { locationAt } from '../shared/verdict/locate.ts';
import { SERVICES, type Service } from '../shared/verdict/terms.ts';
import type { Agent, AgentLog, AgentOptions, AgentStatus } from './agent.ts';
import { type Communication, openCommunication } from './communication.ts';
import { type DeviceClock, openDeviceClock } from './enforcement/device-clock.ts';
import { createDocumentIntake, type DocumentIntake } from './enforcement/document-intake.ts';
import { type Enforcement, openEnforcement } from './enforcement/enforcement.ts';
import { createExitWork, type ExitWork } from './enforcement/exit-work.ts';
import { type GateView, gateView, restrict } from './enforcement/gate-view.ts';
import { createListWatch, type ListWatch } from './enforcement/list-watch.ts';
import { createManagementGate, type ManagementGate } from './enforcement/management-gate.ts';
import { createNoticeDelivery, type NoticeDelivery } from './enforcement/notice-delivery.ts';
import { createOwnIdentity, type OwnIdentity } from './enrollment/own-identity.ts';
import { createRevocationCheck, type RevocationCheck } from './enrollment/revocation.ts';
import { createLocationSampling, type LocationSampling } from './evidence/location-sampling.ts';
import { createFrameDispatch, type FrameDispatch } from './frame-dispatch.ts';
import { invalidCertificate } from './link/connection-failure.ts';
import { createDocumentRecovery, type DocumentRecovery } from './link/document-recovery.ts';
import { HELLO_FEATURES } from './link/hello-features.ts';
import { overTls } from './link/http.ts';
import { createLink, type Link, type LinkState } from './link/link.ts';
import { createOutboxSender, type OutboxSender } from './link/outbox.ts';
import { createPoll, type Poll } from './link/poll.ts';
import { readRefusal } from './link/refusal.ts';
import { createRejectionAlert } from './link/rejection-alert.ts';
import { readRefusedCertificate } from './link/tls.ts';
import type { Mail } from './mail/mail.ts';
import { type ManagementWork, openManagementWork } from './management-work.ts';
import type { Messaging } from './messaging/messaging.ts';
import type { DeviceStore } from './store/agent-store.ts';
import { isOutOfSpace } from './store/disk-space.ts';
import { createDiskWatch, type DiskWatch } from './store/disk-watch.ts';
import { createUnenrollment, type Unenrollment } from './unenrollment.ts';
import { AGENT_VERSION } from './version.ts';

export const createAgent = (options: AgentOptions): Agent => new DeviceAgent(options);

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Connects the modules of one agent. Each `#create` method creates one module and connects its events to the other modules. */
class DeviceAgent implements Agent {
  readonly messaging: Messaging;
  readonly mail: Mail;
  readonly notices: NoticeDelivery;
  readonly link: Link;
  readonly adminMessages: Agent['adminMessages'];
  readonly privacy: Agent['privacy'];
  readonly scripts: Agent['scripts'];
  readonly lostMode: Agent['lostMode'];
  readonly passcode: Agent['passcode'];
  readonly fetchedFiles: Agent['fetchedFiles'];
  readonly #options: AgentOptions;
  readonly #log: AgentLog;
  readonly #identity: { readonly device: DeviceId; readonly installation: string; readonly generation: number };
  readonly #store: DeviceStore;
  readonly #clock: DeviceClock;
  readonly #own: OwnIdentity;
  readonly #disk: DiskWatch;
  readonly #enforcement: Enforcement;
  readonly #exits: ExitWork;
  readonly #sampling: LocationSampling;
  readonly #intake: DocumentIntake;
  readonly #listWatch: ListWatch;
  readonly #recovery: DocumentRecovery;
  readonly #poll: Poll;
  readonly #revocation: RevocationCheck;
  readonly #management: ManagementGate;
  readonly #outbox: OutboxSender;
  readonly #work: ManagementWork;
  readonly #communication: Communication;
  readonly #frames: FrameDispatch;
  readonly #unenrollment: Unenrollment;
  readonly #listeners = new Set<() => void>();
  readonly #rejection = createRejectionAlert((detail) => {
    this.#log.warn('the server does not accept the certificate', { detail });
    const alert = { type: 'alert', code: 'certificate_rejected', detail, at: this.#clock.now() } as const;
    this.#tryStore(() => this.#store.report(alert));
  });

  constructor(options: AgentOptions) {
    const { credentials, time, log } = options;
    const { device, installation, generation } = credentials.current();
    this.#options = options;
    this.#log = log;
    this.#identity = { device, installation, generation };
    this.#store = options.store.device(device);
    this.#store.beginGeneration(generation);
    this.#clock = openDeviceClock(time, this.#store);
    this.#own = createOwnIdentity({
      credentials,
      dial: options.dial,
      onRenewed: () => log.info('the certificate was renewed'),
      onFailure: (error) => log.warn('the certificate could not be renewed', { error: message(error) }),
    });
    this.#disk = this.#createDiskWatch();
    this.#enforcement = this.#openEnforcement();
    this.#exits = this.#createExits();
    this.notices = createNoticeDelivery({
      enforcement: this.#enforcement,
      now: this.#clock.now,
      notify: options.notify,
      tryStore: (work) => this.#tryStore(work),
    });
    this.#sampling = this.#createSampling();
    this.#intake = createDocumentIntake(this.#enforcement, this.#clock, (code, detail) =>
      log.warn('a document was refused', { code, detail }),
    );
    const { timeAlerts } = this.#enforcement;
    this.#listWatch = createListWatch(
      {
        expired: timeAlerts.listExpired,
        connected: () => this.link.state === 'connected',
        alert: () => this.#tryStore(timeAlerts.raiseListExpired),
      },
      options.listWithin,
    );
    this.#recovery = createDocumentRecovery({
      deviceUrl: this.#deviceUrl,
      http: this.#http,
      store: this.#store,
      onFailure: (error) => log.debug('the stored documents could not be sent', { error: message(error) }),
    });
    this.#poll = this.#createPoll();
    this.link = this.#createLink();
    this.#revocation = createRevocationCheck({
      credentials,
      http: this.#http,
      onFailure: (error) => log.debug('the revocation list could not be checked', { error: message(error) }),
    });
    this.#management = createManagementGate({ gate: () => this.gate('management'), link: () => this.link });
    this.#outbox = createOutboxSender(this.#store, this.link.send);
    this.#work = this.#openManagementWork();
    ({ privacy: this.privacy, adminMessages: this.adminMessages, scripts: this.scripts } = this.#work);
    this.lostMode = this.#work.lostMode;
    this.passcode = this.#work.passcode;
    this.fetchedFiles = this.#work.fetchedFiles;
    this.#communication = this.#openCommunication();
    ({ messaging: this.messaging, mail: this.mail } = this.#communication);
    this.#frames = this.#createFrameDispatch();
    this.#unenrollment = createUnenrollment({
      store: this.#store,
      credentials,
      stopAgent: () => void this.#stopParts(),
      onKept() {
        log.info('this device is unenrolled, and its keys are deleted');
        options.onUnenrolled();
      },
    });
  }

  async start(): Promise<void> {
    // If the agent crashed while connected, the store still says that the server sees the device at its last network address. This evidence
    // ends at the last time stored before the crash.
    this.#enforcement.evidence.connectionEnded(this.#clock.lastStored);
    this.#enforcement.settle();
    this.notices.showMissed();
    if (this.#unenrollment.isPending()) {
      void this.#work.policy.release();
      this.#unenrollment.schedule();
    }
    this.#work.start();
    this.#communication.wake();
    this.link.start();
  }

  async stop(): Promise<void> {
    const stopped = this.#stopParts();
    this.#unenrollment.stop();
    this.#outbox.closed();
    await Promise.all([stopped, this.#work.stop()]);
    this.#clock.save();
  }

  status(): AgentStatus {
    const { documents, verdict } = this.#enforcement;
    const now = this.#clock.now();
    const claimed = this.#clock.claimed();
    return {
      ...this.#identity,
      now,
      authenticatedTime: this.link.state === 'connected' && claimed === null,
      claimedTime: claimed,
      connection: this.link.state,
      connectionDetail: this.#connectionDetail(),
      certificateExpires: this.#own.certificate().notAfter,
      ...this.#versions(),
      listExpires: documents.list?.expires ?? null,
      location: this.#location(),
      sources: this.#sampling.sources(),
      gates: SERVICES.map((service) => this.gate(service)),
      nextChange: verdict?.nextChange ?? null,
      ...this.#work.view(),
      workspace: this.#options.workspace.state(),
      messaging: this.messaging.state(),
      mail: this.mail.state(),
      mailPrograms: this.mailPrograms(),
      connector: this.#communication.connector?.status() ?? null,
      unsent: this.#store.count(),
      disk: this.#disk.report(),
    };
  }

  gate(service: Service): GateView {
    return restrict(gateView(service, this.#enforcement, this.#clock.now()), this.#work.policy.restrictedSince());
  }

  mailPrograms(): boolean | null {
    const { record } = this.#enforcement.documents;
    return record && record.mailPrograms === true;
  }

  sample(): Promise<void> {
    return this.#sampling.sample();
  }

  async maintain(): Promise<void> {
    // The enforcement of orders (`settle`) runs first, because it needs no disk space and the next steps may fail on a full disk.
    this.#enforcement.settle();
    this.#clock.save();
    await this.#options.reserve?.build();
    this.#disk.check();
    if (this.#frames.missed() && this.#disk.state() !== 'full') this.link.reconnect();
    await this.#own.renew({ connected: this.link.state === 'connected' });
    if (this.#enforcement.documents.lacking && this.link.state === 'connected') await this.#poll.withheld();
    await this.#work.commands.work();
    await this.#exits.work();
    this.#outbox.pump();
    await this.#work.maintain();
    await this.#communication.maintain();
  }

  async tick(): Promise<void> {
    await this.maintain();
    await this.link.attempt();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly #http = () => overTls(this.#own.dial());
  readonly #deviceUrl = () => this.#options.credentials.current().deviceUrl;

  readonly #versions = () => {
    const { list, record, approverSet } = this.#enforcement.documents;
    return { list: list?.version ?? 0, record: record?.version ?? 0, approverSet: approverSet?.approvers.version ?? 0 };
  };

  readonly #location = () => {
    const { location } = this.#enforcement.evidence;
    return locationAt(location, Math.max(this.#clock.now(), location.at));
  };

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Logs a failure of the store, such as a full disk. The next maintenance round or the next start repeats the failed work. */
  #tryStore(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.warn('the agent’s state could not be stored', { error: message(error) });
    }
  }

  #stopParts(): Promise<void> {
    this.#management.stop();
    this.#listWatch.stop();
    this.link.stop();
    this.#enforcement.stop();
    return Promise.all([this.#communication.stop(), this.#work.commands.stop()]).then(() => undefined);
  }

  /**
   * A server closes the connection of a certificate that is not valid at this time without a reason. The agent therefore states the validity
   * as the reason.
   */
  #connectionDetail(): string | null {
    const { state, detail } = this.link;
    // In every other state, the server or the agent itself has given the reason.
    if (state !== 'waiting' && state !== 'connecting') return detail;
    const { notBefore, notAfter } = this.#own.certificate();
    // Certificates follow real time. The device's time may be simulated.
    const validity = { notBefore, notAfter, now: Date.now(), renewal: this.#own.renewalFailure() };
    return invalidCertificate(validity) ?? detail;
  }

  #createDiskWatch(): DiskWatch {
    return createDiskWatch({
      space: this.#options.reserve?.space ?? null,
      onFull: (detail) => {
        this.#log.warn('the disk is full', { detail });
        const alert = { type: 'alert', code: 'disk_full', detail, at: this.#clock.now() } as const;
        this.#tryStore(() => this.#store.reserved(() => this.#store.report(alert)));
      },
      onSpaceAvailable: () => this.#log.info('the disk has space again'),
    });
  }

  #openEnforcement(): Enforcement {
    return openEnforcement({
      store: this.#store,
      clock: this.#clock,
      time: this.#options.time,
      signer: this.#own.signer,
      identity: { ...this.#identity, generation: () => this.#identity.generation },
      onChange: () => {
        this.#disk.check();
        this.#outbox.pump();
        this.#listWatch.check();
        this.#management.changed();
        this.#communication.wake();
        this.#sampling.sampleIfPolygonsChanged();
        this.#changed();
      },
      onListExpired: () => this.#listWatch.check(),
      onNotice: ({ order }) => void this.notices.showOnDesktop(order),
      onExit: () => void this.#exits.work(),
      onFailure: (what, error) => {
        this.#log.warn('enforcement could not store data', { what, error: message(error) });
        if (isOutOfSpace(error)) this.#disk.check();
      },
    });
  }

  #createExits(): ExitWork {
    return createExitWork({
      exits: this.#enforcement.exits,
      workspace: this.#options.workspace,
      onDone: (order) => {
        this.#log.warn('the work data was wiped because of an exit order', { order });
        this.#communication.wake();
        // While the server refuses this device, the next connection attempt may be 15 minutes away. The device therefore reports the wipe
        // at once over HTTPS.
        if (this.link.state === 'refused') void this.#poll.all();
      },
      onFailure: (error) => this.#log.warn('the work data could not be wiped', { error: message(error) }),
    });
  }

  #createSampling(): LocationSampling {
    return createLocationSampling({
      sensors: this.#options.sensors,
      enforcement: this.#enforcement,
      now: this.#clock.now,
      // A device that the server refuses reports within minutes that it left the order's area. It does not wait for its next connection
      // attempt.
      onSample: async () => {
        if (this.link.state === 'refused' && this.#store.postable(1).length > 0) await this.#poll.reports();
      },
      onFailure: (error) => this.#log.warn('the sensors could not be read', { error: message(error) }),
    });
  }

  #createPoll(): Poll {
    return createPoll({
      publicUrl: () => this.#options.credentials.current().publicUrl,
      deviceUrl: this.#deviceUrl,
      http: this.#http,
      outbox: this.#store,
      intake: this.#intake,
      versions: this.#versions,
      documents: this.#enforcement.documents,
      recollect: this.#recovery.send,
      onListReceived: this.#listWatch.polled,
      onFailure: (what, error) => this.#log.debug('a request to the server failed', { what, error: message(error) }),
    });
  }

  #createLink(): Link {
    return createLink({
      url: () => new URL(this.#deviceUrl()),
      secureDial: this.#own.dial,
      refusedCertificate: (target) => readRefusedCertificate(this.#options.dial, target),
      hello: () => ({
        kind: 'hello',
        agent: AGENT_VERSION,
        wall: this.#options.time.wall(),
        ...HELLO_FEATURES,
        ...this.#work.known(),
        ...this.#versions(),
      }),
      denied: () => this.#management.denial(),
      onFrame: (frame) => this.#frames.receive(frame),
      onDown: () => {
        this.#outbox.closed();
        this.#communication.down();
        this.#tryStore(() => this.#enforcement.evidence.connectionEnded(this.#clock.now()));
      },
      onRefusal: (body) => this.#linkRefused(body),
      beforeKnock: () => this.#poll.all(),
      onExpired: () => this.#own.renew({ refused: true }),
      // After an unenrollment, the server revokes the device. The device expects this revocation, so it needs no signed revocation list as
      // proof.
      confirmRevoked: async () => this.#unenrollment.isPending() || (await this.#revocation.confirmed()),
      onState: (state, detail) => this.#linkStateChanged(state, detail),
    });
  }

  /** The body of a 451 response has the order list with the suspending order, and the device's network address as the server sees it. */
  #linkRefused(body: string): void {
    const { list, withheld, address, recall } = readRefusal(body);
    if (recall !== null) void this.#recoverAndConnect(recall === 'documents');
    this.#tryStore(() => {
      if (address) this.#intake.address(address, false);
      if (list) this.#intake.list(list, withheld);
    });
  }

  /**
   * A server that was restored from a backup may enforce an order that was withdrawn after the backup. The device therefore sends its newer
   * documents before it connects.
   */
  async #recoverAndConnect(documents: boolean): Promise<void> {
    if (await this.#recovery.send(documents)) await this.link.attempt();
  }

  #linkStateChanged(state: LinkState, detail: string | null): void {
    this.#log.info('link', { state, ...(detail === null ? {} : { detail }) });
    if (state === 'rejected') this.#rejection.rejected(detail ?? '');
    if (state === 'connected') this.#rejection.accepted();
    if (state === 'refused' && this.#store.postable(1).length > 0) void this.#poll.all();
    if (state === 'revoked') this.#unenrollment.endIfPending();
    // The server refuses a certificate that begins in the future, and names no reason. Another certificate needs no wait for `maintain`.
    if (state === 'waiting' && this.#own.certificate().notBefore > Date.now()) void this.#own.renew();
    this.#management.changed();
    this.#listWatch.check();
    this.#changed();
  }

  #openManagementWork(): ManagementWork {
    return openManagementWork({
      options: this.#options,
      store: this.#store,
      deviceUrl: this.#deviceUrl,
      http: this.#http,
      isConnected: () => this.link.state === 'connected',
      isInContact: () => this.link.state === 'connected' || this.link.state === 'refused',
      send: this.link.send,
      location: () => this.#location(),
      secureDial: this.#own.dial,
      approverSet: () => this.#enforcement.documents.approverSet,
      deviceNow: this.#clock.now,
      tryStore: (work) => this.#tryStore(work),
      onReport: () => this.#outbox.pump(),
      onWorkspaceChange: () => this.#communication.wake(),
      onChange: () => this.#changed(),
      onRestriction: () => this.#communication.wake(),
      onUnenroll: () => this.#unenrollment.schedule(),
    });
  }

  #openCommunication(): Communication {
    return openCommunication({
      options: this.#options,
      identity: this.#identity,
      signer: this.#own.signer,
      store: this.#store,
      http: this.#http,
      deviceUrl: this.#deviceUrl,
      now: this.#clock.now,
      send: this.link.send,
      approverSet: () => this.#enforcement.documents.approverSet,
      gate: (service) => this.gate(service),
      termsOf: (order) => this.#enforcement.documents.orders.get(order)?.revision.terms ?? null,
      onReport: () => this.#outbox.pump(),
      onFailure: (what, error) => {
        this.#log[this.#options.connector ? 'warn' : 'debug']('messages or mail wait', { what, error: message(error) });
        if (isOutOfSpace(error)) this.#disk.check();
      },
    });
  }

  #createFrameDispatch(): FrameDispatch {
    return createFrameDispatch({
      identity: this.#identity,
      intake: this.#intake,
      outbox: this.#outbox,
      work: this.#work,
      communication: this.#communication,
      send: this.link.send,
      versions: this.#versions,
      onTime: (at) => {
        this.#clock.authenticate(at);
        this.#enforcement.timeAlerts.checkServerTime();
        this.#enforcement.settle();
      },
      onRecall: (documents) => void this.#recovery.send(documents),
      onDiskFull: (error) => {
        this.#log.warn('a command or a message waits for space on the disk', { error: message(error) });
        this.#disk.check();
        this.#outbox.pump();
      },
      onReportsStored: () => {
        this.#work.inventory.confirmed();
        this.#unenrollment.endIfSent();
        this.#changed();
      },
    });
  }
}
