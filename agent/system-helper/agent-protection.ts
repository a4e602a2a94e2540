/**
 * Protection of the agent and of this helper from changes of software. Only the update channel changes them, with the permission of the
 * device's owner and the rule for older versions (`agent-update/decide.ts`). The functions are pure.
 *
 * The rule: a change is refused if its plan contains the agent, or if one of its packages names the agent in a relation, in a path or in the
 * target of a link. The rule finds mistakes, and packages that replace or change the agent openly. It knows neither what a file contains nor
 * what a script does, and scripts of packages run as root. SECURITY.md names what protects against a hostile package.
 */
import { posix } from 'node:path';
import { AGENT_PACKAGE } from '../../shared/software/update-channel.ts';
import type { PackageClaims, PackageFile, Target } from './package-manager.ts';
import { HelperRefusal } from './requests.ts';

/** Folders of the agent whose names do not begin with the name of its package. */
const AGENT_FOLDERS = ['/opt/cordon', '/etc/opt/cordon', '/var/opt/cordon'];
/**
 * Names of files and folders: the agent's own, such as `/etc/cordon-agent` and `cordon-agent.service.d` in each folder of units, and the
 * drop-ins for all units whose names begin with `cordon-` (systemd.unit(5)). Other general drop-ins, such as `service.d` in Fedora's package
 * systemd, concern all services and do not name the agent.
 */
const AGENT_COMPONENT = new RegExp(`^(?:${AGENT_PACKAGE}|cordon-\\.(?:service|socket)\\.d$)`);

/** True if the path, or a folder in it, has a name of the agent or of the helper. */
export function isAgentFile(path: string): boolean {
  const whole = absolute(path);
  return (
    whole.split('/').some((component) => AGENT_COMPONENT.test(component)) ||
    AGENT_FOLDERS.some((folder) => `${whole}/`.startsWith(`${folder}/`))
  );
}

/** Returns the target of the symbolic link at an absolute path of the machine; null if there is no link. */
export type LinkAt = (path: string) => string | null;

/** More places for one path than links of real packages give. Links such as `x -> x/y` have no end. */
const MOST_PLACES = 64;

type LinksAt = (path: string) => readonly string[];

/** All places to which the path leads: as it is written, and through each link in it. */
function placesOf(path: string, linksAt: LinksAt): ReadonlySet<string> {
  const places = new Set([absolute(path)]);
  for (const place of places) {
    if (places.size > MOST_PLACES) {
      throw new HelperRefusal(
        'invalid_input',
        `A package of the change has too many links for ${path}. Nothing was changed.`,
      );
    }
    for (let end = 0; end < place.length; ) {
      const next = place.indexOf('/', end + 1);
      end = next === -1 ? place.length : next;
      const at = place.slice(0, end);
      for (const target of linksAt(at)) places.add(posix.resolve(posix.dirname(at), target, `.${place.slice(end)}`));
    }
  }
  return places;
}

/** Path from the root folder, without `.`, double or final slashes. */
const absolute = (path: string): string => posix.resolve('/', path);

/** Links of the machine together with the links of the change. A link of the change is also below links of the machine. */
function linksOf(files: readonly PackageFile[], linkAt: LinkAt): LinksAt {
  const known = new Map<string, readonly string[]>();
  const present: LinksAt = (path) => {
    const found = known.get(path);
    if (found) return found;
    const target = linkAt(path);
    const all = target === null ? [] : [target];
    known.set(path, all);
    return all;
  };
  const added = new Map<string, string[]>();
  for (const { path, target } of files) {
    if (target === null) continue;
    const whole = absolute(path);
    for (const folder of placesOf(posix.dirname(whole), present)) {
      const at = posix.join(folder, posix.basename(whole));
      const targets = added.get(at);
      if (targets) targets.push(target);
      else added.set(at, [target]);
    }
  }
  return (path) => {
    const more = added.get(path);
    return more ? [...present(path), ...more] : present(path);
  };
}

/** Returns the first file that is a file of the agent, or a link to one; null if there is none. */
function agentFileIn(files: readonly PackageFile[], linkAt: LinkAt): string | null {
  const linksAt = linksOf(files, linkAt);
  for (const { path } of files) {
    // dpkg and rpm resolve such a path with the folders of the machine, which this function does not.
    if (path.split('/').includes('..')) {
      throw new HelperRefusal('invalid_input', `A package of the change contains ${path}. Nothing was changed.`);
    }
    if ([...placesOf(path, linksAt)].some(isAgentFile)) return path;
  }
  return null;
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

/**
 * Throws `not_permitted` if a package of the change names the agent in a relation, contains a file of the agent, or a link to one. `linkAt`:
 * links of the machine, because a package can contain a path through them.
 */
export function requireOtherClaims({ names, files }: PackageClaims, linkAt: LinkAt): void {
  // An RPM package can also name a file in a relation.
  const name = names.find((each) => isAgentName(each) || (each.startsWith('/') && isAgentFile(each)));
  if (name !== undefined) {
    throw refused(`A package of the change provides, replaces, conflicts with or needs another version of ${name}.`);
  }
  const file = agentFileIn(files, linkAt);
  if (file !== null) throw refused(`A package of the change contains ${file}.`);
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
