/** The connector's SMTP server with its durable queue on a disk, and a directory of people in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { GateView } from '../../agent/enforcement/gate-view.ts';
import { type ConnectorQueue, openConnectorQueue } from '../../agent/mail-connector/connector-queue.ts';
import { createQueueKey } from '../../agent/mail-connector/queue-key.ts';
import { createRecipients, type Recipients } from '../../agent/mail-connector/recipients.ts';
import { type SmtpIntake, type SmtpIntakeOptions, startSmtpIntake } from '../../agent/mail-connector/smtp-intake.ts';
import { explainFrom } from '../../agent/mail-connector/smtp-reply.ts';
import type { Member } from '../../agent/messaging/members/member.ts';
import { openWorkspace, type Workspace } from '../../agent/workspace/workspace.ts';
import { CordonError } from '../../shared/errors.ts';
import { newDeviceId, newPersonId, type PersonId } from '../../shared/protocol/ids.ts';
import type { MailRecipient } from '../../shared/protocol/mail-http.ts';

export const OPEN: GateView = { service: 'mail', open: true, reasons: [], denials: [], since: 0 };

/** Public statements of orders, as the signed order list has them. */
export const EXPLAIN = explainFrom((order) => {
  if (order === '2026-008') return { statement: { en: 'Mail is suspended.' }, appeal: null };
  if (order !== '2026-007') return null;
  return { statement: { fr: 'texte', en: `Mail is suspended by the ministry – ${'x'.repeat(5000)}` }, appeal: null };
});

const MiB = 1024 * 1024;

export class MailIntake {
  readonly folder: string;
  readonly directory = new Map<string, MailRecipient>();
  readonly members = new Map<string, Member[]>();
  readonly failures: string[] = [];
  readonly redirected: string[] = [];
  reachable = true;
  now = (): number => Date.now();
  gate: GateView = OPEN;
  workspace!: Workspace;
  queue!: ConnectorQueue;
  smtp!: SmtpIntake;
  recipients!: Recipients;

  /** `parent`: folder for the connector's folder. */
  private constructor(parent: string) {
    this.folder = mkdtempSync(join(parent, 'cordon-intake-'));
  }

  static async start(
    options: Partial<SmtpIntakeOptions> = {},
    limit = 64 * MiB,
    parent = tmpdir(),
  ): Promise<MailIntake> {
    const intake = new MailIntake(parent);
    intake.workspace = await openWorkspace(join(intake.folder, 'workspace'));
    await intake.open(limit);
    await intake.listen(options);
    return intake;
  }

  async open(limit = 64 * MiB): Promise<void> {
    const key = createQueueKey(this.workspace);
    this.queue = openConnectorQueue({
      folder: this.folder,
      key,
      limit,
      now: () => this.now(),
      onNewKey: () => undefined,
    });
    await this.queue.open();
  }

  async listen(options: Partial<SmtpIntakeOptions>): Promise<void> {
    this.recipients = createRecipients({
      client: {
        recipients: async (addresses) => {
          if (!this.reachable) throw new CordonError('unavailable', 'the server cannot be reached');
          return addresses.map(
            (address) =>
              this.directory.get(address) ?? { address, person: null, state: 'unknown' as const, denial: null },
          );
        },
      },
      membersOf: async (people) => new Map(people.map((person) => [person, this.members.get(person) ?? []])),
      now: Date.now,
      onRedirected: (detail) => this.redirected.push(detail),
      onFailure: (what) => this.failures.push(what),
    });
    this.smtp = await startSmtpIntake(
      {
        bind: '127.0.0.1',
        port: 0,
        host: 'connector.example',
        tls: null,
        tlsRequired: false,
        largest: 2 * MiB,
        clients: ['127.0.0.1'],
        connections: 10,
        recipients: 5,
        postmaster: null,
        ...options,
      },
      {
        queue: this.queue,
        recipients: this.recipients,
        gate: () => this.gate,
        explain: EXPLAIN,
        onQueued: () => undefined,
        onFailure: (what, error) => this.failures.push(`${what}: ${String(error)}`),
        now: Date.now,
      },
    );
  }

  /** Adds a person with one verified device, whose certificate has the address `certified`. */
  person(address: string, state: MailRecipient['state'] = 'available', certified: string | null = address): PersonId {
    const person = newPersonId();
    const denial = {
      code: 'service_denied' as const,
      detail: 'A court ordered the suspension of mail.',
      order: '2026-001',
      reasons: [],
      appeal: 'appeals@authority.example',
      by: 'recipient' as const,
    };
    const isDenied = state === 'held' || state === 'refused';
    this.directory.set(address, { address, person, state, denial: isDenied ? denial : null });
    const member = { device: newDeviceId(), generation: 1, person, name: person, email: certified, signatureKey: '' };
    this.members.set(person, [member]);
    return person;
  }

  /** Damages the envelope of a queued message on the disk. */
  damage(mail: string): void {
    const db = new DatabaseSync(join(this.folder, 'queue.db'), { timeout: 5000 });
    db.prepare('update mail set envelope = zeroblob(100) where id = ?').run(mail);
    db.close();
  }

  async close(): Promise<void> {
    await this.smtp.close();
    this.queue.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
