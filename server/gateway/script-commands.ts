/** Adds scripts to the commands that run them. A command whose script may no longer run is canceled instead of sent. */
import type { OpenJob } from '../commands/ports.ts';
import type { SentCommand } from '../commands/unlock-shares.ts';
import type { CommandsPort, ScriptsPort, WithScript } from './ports.ts';

type Commands = Pick<CommandsPort, 'pendingFor' | 'openJob' | 'cancel' | 'control'>;

const SERVER = 'the server, because the script may no longer run';

export function withScripts<C extends Commands>(commands: C, scripts: Pick<ScriptsPort, 'signed'>): C {
  async function addScript(sent: SentCommand): Promise<(SentCommand & WithScript)[]> {
    if (sent.command.kind !== 'run-script' || sent.state !== 'queued') return [sent];
    const signedScript = await scripts.signed(sent.command);
    if (signedScript) return [{ ...sent, signedScript }];
    await commands.cancel(sent.id, SERVER);
    return [];
  }

  return {
    ...commands,
    async pendingFor(...of: Parameters<CommandsPort['pendingFor']>): Promise<(SentCommand & WithScript)[]> {
      const pending = await commands.pendingFor(...of);
      if (!pending.some(({ command }) => command.kind === 'run-script')) return pending;
      return (await Promise.all(pending.map(addScript))).flat();
    },
    async openJob(...of: Parameters<CommandsPort['openJob']>): Promise<(OpenJob & WithScript) | null> {
      const job = await commands.openJob(...of);
      if (job?.command.kind !== 'run-script') return job;
      const signedScript = await scripts.signed(job.command);
      if (signedScript) return { ...job, signedScript };
      await commands.control(job.id, 'abort', { by: 'the server', reason: 'The script may no longer run.' });
      return null;
    },
  };
}
