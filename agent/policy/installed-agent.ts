import { AGENT_PACKAGE } from '../../shared/software/update-channel.ts';
import { runUntranslated } from '../inventory/run-program.ts';

export interface InstalledAgent {
  readonly version: string;
  readonly architecture: string;
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query replaces the names
const FORMAT = '${db:Status-Abbrev}\\t${Version}\\t${Architecture}\\n';

/** Package of the agent on this device, as dpkg lists it; null if the agent was not installed as a package. */
export async function installedAgent(): Promise<InstalledAgent | null> {
  // Exit code 1 means that dpkg does not know the package.
  const output = await runUntranslated('dpkg-query', ['-W', '-f', FORMAT, AGENT_PACKAGE], { codes: [1] });
  const [status = '', version = '', architecture = ''] = (output ?? '').trim().split('\t');
  // The second letter is the state of the package (dpkg-query(1)). `n` and `c` have no files of the program.
  return version === '' || 'nc'.includes(status[1] ?? 'n') ? null : { version, architecture };
}
