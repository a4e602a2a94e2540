/**
 * Service for other mail programs on this device: a submission port and a mirror of the mail in plain text. Both exist only while the admin
 * allows them in the device record and the user has switched them on.
 */
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { Agent } from '../agent.ts';
import type { MailEnvelope } from '../mail/mail.ts';
import type { SmtpReply } from '../mail-connector/smtp-reply.ts';
import type { WorkspaceState } from '../workspace/workspace.ts';
import type { Maildir } from './maildir.ts';
import { createMaildirMirror } from './maildir-mirror.ts';
import { hashPassword, newPassword, type ProgramSettings, settingsFile } from './program-settings.ts';
import { createSubmission } from './submission.ts';
import type { SubmissionPort } from './submission-port.ts';

/** Milliseconds between two checks of the mirror for changes by other programs. */
const LOOK_EVERY = 5_000;
const RETRY_AFTER = 10_000;

export interface MailProgramsStatus {
  /** True if the admin allows other mail programs in the device record. */
  readonly allowed: boolean;
  readonly on: boolean;
  /** Port on loopback; null while the port is closed. */
  readonly port: number | null;
  readonly user: string | null;
  readonly maildir: string;
  /** Reason why the last attempt failed, as a sentence. */
  readonly problem: string | null;
}

export interface NewMailPassword {
  readonly user: string;
  readonly port: number;
  readonly maildir: string;
  /** Password in plain text, displayed once. The device stores only a hash. */
  readonly password: string;
  /** Passwd-file for Dovecot. */
  readonly passwords: string;
}

export interface MailPrograms {
  status(): MailProgramsStatus;
  /**
   * Switches the service on. If it is on already, makes a new password. Throws `forbidden` if the device record does not allow other mail
   * programs.
   */
  switchOn(port: number): Promise<NewMailPassword>;
  /** Switches the service off. Resolves when the port is closed and the mirror is removed. */
  switchOff(): Promise<void>;
  /** Listens for changes of the status. The returned function ends the listening. */
  onChange(listener: () => void): () => void;
  /** Takes a message from `cordon-agent sendmail`. `from`: null for the user's own address. */
  send(message: Buffer, envelope: { readonly from: string | null; readonly to: readonly string[] }): Promise<SmtpReply>;
  /** Ends the service. `forGood`: true if the enrollment has ended, so that settings and mirror are removed. */
  stop(forGood: boolean): Promise<void>;
}

export interface MailProgramsPorts {
  readonly agent: Pick<Agent, 'gate' | 'mail' | 'mailPrograms' | 'onChange'>;
  readonly workspace: () => WorkspaceState;
  readonly maildir: Maildir;
  /** Paths of the settings and of the passwd-file. */
  readonly files: { readonly settings: string; readonly passwords: string };
  readonly onFailure: (what: string, error: unknown) => void;
}

export function openMailPrograms(ports: MailProgramsPorts): MailPrograms {
  const { agent, maildir, onFailure } = ports;
  const file = settingsFile(ports.files.settings, ports.files.passwords);
  let settings: ProgramSettings | null = null;
  let isRead = false;
  let opened: { readonly settings: ProgramSettings; readonly port: SubmissionPort } | null = null;
  let problem: string | null = null;
  const listeners = new Set<() => void>();
  let told = '';

  const allowed = () => agent.mailPrograms();
  const isServing = () => settings !== null && allowed() === true && ports.workspace() !== 'wiped';
  const mayWrite = () => isServing() && ports.workspace() === 'open' && !loop.stopped;
  const mirror = createMaildirMirror({ maildir, mail: agent.mail, mayWrite });
  const submission = createSubmission({
    own: () => (isServing() ? (settings?.user ?? null) : null),
    gate: () => agent.gate('mail'),
    submit: (message, envelope: MailEnvelope) => agent.mail.submit(message, envelope),
    now: Date.now,
    onFailure,
  });

  async function closePort(): Promise<void> {
    const { port } = opened ?? {};
    opened = null;
    await port?.close();
  }

  async function openPort(wanted: ProgramSettings): Promise<void> {
    if (opened?.settings === wanted) return;
    await closePort();
    const { openSubmissionPort } = await import('./submission-port.ts');
    opened = { settings: wanted, port: await openSubmissionPort({ ...wanted, submission, onFailure }) };
  }

  async function removeMirror(): Promise<void> {
    mirror.forget();
    await maildir.removeAll();
  }

  const status = (): MailProgramsStatus => ({
    allowed: allowed() === true,
    on: settings !== null,
    port: opened?.port.port ?? null,
    user: settings?.user ?? null,
    maildir: maildir.path,
    problem,
  });

  function tell(): void {
    const now = JSON.stringify(status());
    if (now === told) return;
    told = now;
    for (const listener of listeners) listener();
  }

  async function run(): Promise<void> {
    if (!isRead) settings = await file.read();
    isRead = true;
    // If the admin forbids the service, the user's switch ends too. A later permission must not write plain text to the disk again without
    // the user's consent. A wipe ends the switch for the same reason.
    if (settings !== null && (allowed() === false || ports.workspace() === 'wiped')) {
      await file.remove();
      settings = null;
    }
    if (!isServing()) await closePort();
    if (!mayWrite()) await removeMirror();
    if (settings === null || !isServing()) return done(null);
    await openPort(settings);
    // Another program may create the folder again while the workspace is locked, so the next round looks for it again.
    if (!mayWrite()) return done(Date.now() + LOOK_EVERY);
    const isMore = await mirror.work();
    return done(isMore ? Date.now() : Date.now() + LOOK_EVERY);
  }

  function done(next: number | null): void {
    problem = null;
    if (next !== null) loop.requestAt(next);
    tell();
  }

  const loop: Loop = new Loop({
    run,
    failed(error) {
      mirror.forget();
      problem = error instanceof Error ? error.message : String(error);
      onFailure('serve other mail programs', error);
      tell();
    },
    retryAfter: RETRY_AFTER,
  });
  const stopListening = [
    agent.onChange(() => loop.request()),
    agent.mail.onChange(() => {
      mirror.changed();
      if (settings !== null) loop.request();
    }),
  ];
  loop.request();

  return {
    status,
    async switchOn(port) {
      await loop.run();
      if (allowed() !== true) {
        throw new CordonError(
          'forbidden',
          'Your organization does not allow other mail programs on this device. Ask your admin.',
        );
      }
      const state = agent.mail.state();
      if (!('address' in state)) {
        throw new CordonError(
          'unavailable',
          'Mail is not ready on this device. Read the reason with `cordon-agent status`, and try again later.',
        );
      }
      const password = newPassword();
      const next = { user: state.address.toLowerCase(), port, password: hashPassword(password) };
      await file.write(next);
      settings = next;
      try {
        await loop.runOrThrow();
      } catch (error) {
        // The user has not seen the new password, and could not use the service without it. The service is therefore switched off again.
        settings = null;
        problem = null;
        await file.remove();
        tell();
        throw portTaken(error, port);
      }
      const { user } = next;
      return {
        user,
        port: opened?.port.port ?? port,
        maildir: maildir.path,
        password,
        passwords: ports.files.passwords,
      };
    },
    async switchOff() {
      await loop.run();
      await file.remove();
      settings = null;
      await loop.runOrThrow();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send: (message, { from, to }) => submission.accept(message, { from: from ?? settings?.user ?? '', to }),
    async stop(forGood) {
      for (const stop of stopListening) stop();
      await loop.stop();
      await closePort();
      if (!forGood) return;
      await file.remove();
      await removeMirror();
    },
  };
}

function portTaken(error: unknown, port: number): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) return error;
  const detail = `Another program uses port ${port}. Choose another port.`;
  return new CordonError('conflict', detail, {}, error);
}
