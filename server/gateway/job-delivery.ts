/** Sends the command of a job to the connected devices. The frame is encoded once, and only its id and its shares differ by device. */
import type { Command } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { JobCommand } from '../commands/job-delivery.ts';
import type { JobTerms } from '../commands/ports.ts';
import type { DocumentsSent } from './documents-sent.ts';
import type { FrameSender } from './frame-sender.ts';
import type { CommandsPort, WithScript } from './ports.ts';

/** Part of a device session that the delivery uses. */
export interface JobSession {
  readonly generation: number;
  readonly documents: Pick<DocumentsSent, 'addCommand'>;
  readonly frames: Pick<FrameSender, 'sendEncoded'>;
  /** True if the agent knows windows and priorities of commands. */
  readonly knowsJobs: boolean;
  readonly knowsCommand: (kind: Command['kind']) => boolean;
}

export type JobDelivery = (job: CommandId) => Promise<void>;

/**
 * Returns the function that encodes a `command` frame of a job. The result equals `JSON.stringify`, because ids and shares contain only
 * characters that JSON does not escape.
 */
export function frameEncoder(
  command: Command,
  expires: number,
  { priority, window, signedScript }: Partial<JobTerms> & WithScript = {},
): (command: JobCommand) => string {
  const middle = `","command":${JSON.stringify(command)}`;
  const terms = JSON.stringify({
    ...(signedScript && { signedScript }),
    expires,
    ...(priority && { priority }),
    ...(window && { window }),
  });
  const end = `,${terms.slice(1)}`;
  return ({ id, shares }) => {
    const parts = shares && `,"shares":[${shares.map((share) => `"${share}"`).join(',')}]`;
    return `{"kind":"command","id":"${id}${middle}${parts ?? ''}${end}`;
  };
}

/** A device without a connection gets the command when it connects. */
export function createJobDelivery({
  commands,
  sessions,
}: {
  readonly commands: Pick<CommandsPort, 'openJob' | 'waitingFor' | 'commandsOf'>;
  readonly sessions: { live(device: DeviceId): JobSession | undefined };
}): JobDelivery {
  return async (id) => {
    const job = await commands.openJob(id);
    if (!job) return;
    const encode = frameEncoder(job.command, job.expiresAt, job.signedScript ? { signedScript: job.signedScript } : {});
    const encodeWithTerms = frameEncoder(job.command, job.expiresAt, job);
    for (let after: DeviceId | null = null; ; ) {
      const members = await commands.waitingFor(id, after);
      const last = members.at(-1);
      if (!last) return;
      const connected: { readonly device: DeviceId; readonly session: JobSession }[] = [];
      for (const { device, generation } of members) {
        const session = sessions.live(device);
        // Agents that do not know windows get no command with a window, because they would run it at any time.
        if (session?.generation !== generation || (job.window && !session.knowsJobs)) continue;
        if (!session.knowsCommand(job.command.kind)) continue;
        connected.push({ device, session });
      }
      const page = await commands.commandsOf(job, connected);
      for (const [index, command] of page.entries()) {
        const session = connected[index]?.session;
        if (!session?.documents.addCommand(command.id)) continue;
        session.frames.sendEncoded(session.knowsJobs ? encodeWithTerms(command) : encode(command));
      }
      after = last.device;
      await new Promise(setImmediate);
    }
  };
}
