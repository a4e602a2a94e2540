/**
 * Protection of the agent and of this helper from changes of software. Only the update channel changes them, with the permission of the
 * device's owner and the rule for older versions (`agent-update/decide.ts`). The functions are pure.
 *
 * A package also runs scripts as root. The protection is therefore against packages that replace the agent openly, and not against a signer
 * or a repository that the owner trusts and that is hostile.
 */
import { posix } from 'node:path';
import { AGENT_PACKAGE } from '../../shared/software/update-channel.ts';
import type { PackageClaims, Target } from './package-manager.ts';
import { HelperRefusal, type PackageStep } from './requests.ts';

/** Folders and files that decide what agent and helper do. A path with a final `/` is a folder. */
const AGENT_PATHS = [
  '/etc/cordon-agent/',
  '/opt/cordon/',
  '/usr/lib/cordon-agent/',
  '/usr/bin/cordon-agent',
  '/usr/sbin/cordon-agent-system',
  '/var/lib/cordon-agent/',
  '/var/lib/private/cordon-agent/',
  '/var/cache/cordon-agent/',
  '/var/cache/private/cordon-agent/',
  '/var/lib/cordon-agent-system/',
  '/var/cache/cordon-agent-system/',
];
/** Units of agent and helper, and drop-ins that also apply to them (systemd.unit(5)): `cordon-.service.d`, `service.d`. */
const AGENT_UNIT =
  /^\/(?:etc|run|usr\/lib|usr\/local\/lib)\/systemd\/system(?:\.control|\.attached)?\/(?:[^/]+\/)?(?:cordon-agent|cordon-(?:agent-)?\.(?:service|socket)\.d(?:\/|$)|(?:service|socket)\.d(?:\/|$))/;

/** True if the path is a file of the agent or of the helper, also below one of the links of a merged /usr. */
export function isAgentFile(path: string): boolean {
  const whole = posix.normalize(`/${path}`).replace(/^\/(?=(?:bin|sbin|lib|lib64)(?:\/|$))/, '/usr/');
  return (
    AGENT_UNIT.test(whole) ||
    AGENT_PATHS.some((each) => whole === each || (each.endsWith('/') && `${whole}/`.startsWith(each)))
  );
}

/** True for the name of the agent's package. Names that begin with it are reserved. An architecture or a branch may follow. */
export const isAgentName = (name: string): boolean => name.startsWith(AGENT_PACKAGE);

const refused = (why: string): HelperRefusal =>
  new HelperRefusal(
    'not_permitted',
    `${why} It belongs to the agent of Cordon, which changes only by its update channel. Nothing was changed. Set "agent.update-channel" in a policy, and ask the owner of the device to permit it.`,
  );

/** Throws `not_permitted` if one of the names belongs to the agent. */
export function requireOtherNames(names: readonly string[]): void {
  const name = names.find(isAgentName);
  if (name !== undefined) throw refused(`The change would affect ${name}.`);
}

/** Throws `not_permitted` if a package of the change declares that it takes the place of the agent, or contains a file of the agent. */
export function requireOtherClaims({ names, files }: PackageClaims): void {
  const name = names.find(isAgentName);
  if (name !== undefined) {
    throw refused(`A package of the change provides, replaces or conflicts with ${name}.`);
  }
  const file = files.find(isAgentFile);
  if (file !== undefined) throw refused(`A package of the change contains ${file}.`);
}

/** Updates without the agent's package, which the update of a system leaves to the update channel. */
export function withoutAgent(targets: readonly Target[]): {
  readonly targets: readonly Target[];
  readonly left: string[];
} {
  const agent = targets.filter(({ name }) => isAgentName(name));
  return {
    targets: targets.filter(({ name }) => !isAgentName(name)),
    left: agent.map(({ name }) => `${name} stays, because only the update channel updates the agent.`),
  };
}

/** Steps that install a package from a repository: those without a package file in the targets. */
export function repositorySteps(targets: readonly Target[], steps: readonly PackageStep[]) {
  const own = new Set(targets.flatMap(({ name, file }) => (file === undefined ? [] : [name])));
  return steps.flatMap(({ name, to }) => (to === null || own.has(name) ? [] : [{ name, version: to }]));
}
