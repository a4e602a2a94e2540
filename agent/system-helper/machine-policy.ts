/** Policy of the machine's owner: what the system helper may do on this machine. Only root may write the file. */
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { PERMITTED_SETTINGS } from '../../shared/policy/system-settings.ts';
import { packageSignerSchema } from '../../shared/software/own-package.ts';
import { HelperRefusal, type PackageStep } from './requests.ts';

/** Name of a package, or the beginning of names followed by `*`. */
const pattern = z.string().regex(/^(?:[A-Za-z0-9][A-Za-z0-9+._:-]{0,127})?\*?$/);
const patterns = z.array(pattern).max(1000);

/** At least two names, because a rule for all of /etc would give the server each right on the machine. */
const permittedPath = z
  .string()
  .max(255)
  .regex(/^(?:\/[^/\0\n]+){2,}\/?$/, 'is a path with at least two names, such as /etc/nginx/ or /etc/motd')
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), 'contains no . or ..');

export const machinePolicySchema = z.strictObject({
  packages: z.strictObject({
    /** Packages that an admin may name. */
    allow: patterns,
    /** Packages that no change may concern, not even as a dependency. */
    deny: patterns.default([]),
    remove: z.boolean().default(true),
  }),
  /** True if an admin may start updates of the operating system and of the applications of flatpak. */
  osUpdates: z.boolean().default(false),
  /** Packages of the organization itself. Absent: the helper installs none. */
  ownPackages: z.strictObject({ signers: z.array(packageSignerSchema).min(1).max(64) }).optional(),
  /** Settings of policies that the helper applies. */
  settings: z.array(z.enum(PERMITTED_SETTINGS)).max(PERMITTED_SETTINGS.length).default([]),
  /** Files that the setting `files.content` may change: paths of files, and paths of folders with a final `/`. */
  files: z.array(permittedPath).max(100).default([]),
  /** Units of systemd that may reload after a change of a file. */
  reloads: z
    .array(z.string().regex(/^[A-Za-z0-9:_.@-]+\.service$/))
    .max(100)
    .default([]),
  /** TCP ports that stay open for incoming connections while a policy requires a firewall. */
  openPorts: z.array(z.int().min(1).max(65_535)).max(64).default([]),
});
export type MachinePolicy = z.infer<typeof machinePolicySchema>;

/** Packages without which the machine or its management stops. apt and dnf themselves protect essential packages. */
const NEVER_REMOVED = ['apt', 'dpkg', 'dnf', 'rpm', 'systemd', 'linux-image-*', 'kernel', 'kernel-core'];

const matches = (name: string, list: readonly string[]): boolean => {
  const [bare = name] = name.split(':');
  return list.some((each) =>
    each.endsWith('*') ? bare.startsWith(each.slice(0, -1)) : each === bare || each === name,
  );
};

/** Throws `not_permitted` if the policy does not allow an admin to name one of these packages. */
export function requireNamed(policy: MachinePolicy, names: readonly string[]): void {
  const refused = names.filter((name) => !matches(name, policy.packages.allow));
  if (refused.length === 0) return;
  throw new HelperRefusal(
    'not_permitted',
    `The machine's policy does not allow changes of ${refused.join(', ')}. The machine's owner can add the names to "packages.allow" in system.json.`,
  );
}

/** Throws `not_permitted` if the policy forbids one of the steps, also of a dependency. */
export function requireSteps({ packages }: MachinePolicy, steps: readonly PackageStep[]): void {
  const denied = steps.filter(
    ({ name, to }) => matches(name, packages.deny) || (to === null && matches(name, NEVER_REMOVED)),
  );
  if (denied.length > 0) {
    throw new HelperRefusal(
      'not_permitted',
      `The machine's policy protects ${denied.map(({ name }) => name).join(', ')}, which this change would affect. The machine's owner can change "packages.deny" in system.json.`,
    );
  }
  if (!packages.remove && steps.some(({ to }) => to === null)) {
    throw new HelperRefusal(
      'not_permitted',
      'The machine\'s policy forbids the removal of packages. The machine\'s owner can set "packages.remove" to true in system.json.',
    );
  }
}

/** Reads the policy. Throws if another user than the helper's own could change the file. */
export function readMachinePolicy(file: string): MachinePolicy {
  const fail = (why: string): never => {
    throw new CordonError('invalid_input', `${file}: ${why}`);
  };
  let text: string;
  try {
    const { uid, mode } = statSync(file);
    if (uid !== process.getuid?.()) fail('The file must belong to root. Run "chown root:root" on it.');
    if ((mode & 0o022) !== 0) fail('Other users may write this file. Run "chmod 644" on it.');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return fail('There is no policy for this machine. Copy agent/system-helper/system.json.example and edit it.');
    }
    throw error;
  }
  const parsed = machinePolicySchema.safeParse(jsonOf(text, fail));
  return parsed.success ? parsed.data : fail(z.prettifyError(parsed.error));
}

function jsonOf(text: string, fail: (why: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`The file is not JSON: ${String(error)}`);
  }
}
