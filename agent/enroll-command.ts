import type { Command } from 'commander';
import { readSecretArgument } from '../shared/secret-argument.ts';
import type { AgentConfig } from './config.ts';
import { lockHome } from './control/home-lock.ts';
import { credentialFolder } from './enrollment/credential-folder.ts';

export function addEnrollCommand(
  program: Command,
  {
    config,
    say,
    name = 'cordon-agent',
    description = 'Enroll this machine as a device of your organization',
  }: {
    readonly config: () => AgentConfig;
    readonly say: (lines: readonly string[]) => void;
    /** Command with which users call this program, such as `cordon-agent`. */
    readonly name?: string;
    readonly description?: string;
  },
): void {
  program
    .command('enroll')
    .description(description)
    .argument(
      '[link]',
      'the activation link from your admin; leave it out to paste the link at a prompt or on standard input',
    )
    .option('--link-file <file>', 'read the link from this file; the file must have mode 0600')
    .option('--replace', 'replace this machine’s current identity', false)
    .action(async (argument: string | undefined, { replace, linkFile }: { replace: boolean; linkFile?: string }) => {
      const prompt = { argument, file: linkFile, label: 'Activation link', safe: `${name} enroll` };
      const link = await readSecretArgument(process, prompt);
      const { home, identity, store: file, workspace } = config();
      const [{ enroll }, { dialDirect }, { openAgentStore }] = await Promise.all([
        import('./enrollment/enroll.ts'),
        import('./link/dial.ts'),
        import('./store/agent-store.ts'),
      ]);
      const unlock = lockHome(home);
      const store = openAgentStore({ file });
      try {
        const credentials = await enroll(link, {
          keeper: credentialFolder(identity),
          store,
          dial: dialDirect,
          replace,
        });
        const { openWorkspace } = await import('./workspace/workspace.ts');
        await openWorkspace(workspace);
        say([
          `Enrolled this machine as ${credentials.device} at ${new URL(credentials.deviceUrl).host}.`,
          name === 'cordon-agent' ? 'Start the agent with: cordon-agent run' : `Start it with: ${name} run`,
        ]);
      } finally {
        store.close();
        unlock();
      }
    });
}
