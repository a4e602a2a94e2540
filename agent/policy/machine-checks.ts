import { homedir } from 'node:os';
import { runUntranslated } from '../inventory/run-program.ts';
import type { ChecksOfRound } from './checks.ts';
import type { FoundFile } from './found-file.ts';
import { createManagedFiles, type ManagedFiles } from './managed-files.ts';

/** Checks of this machine. Each platform has one set; the code of the platform loads at the first round. */
export async function machineChecks(platform: NodeJS.Platform): Promise<ChecksOfRound> {
  if (platform === 'linux') return (await import('./linux-checks.ts')).linuxChecks;
  return () => ({});
}

/**
 * Files of this machine that policies manage; null on platforms where the agent does not manage files. `folder` and `read`: see
 * `createManagedFiles`.
 */
export function machineFiles(
  platform: NodeJS.Platform,
  folder: string,
  read?: (path: string) => Promise<FoundFile | null>,
): ManagedFiles | null {
  if (platform !== 'linux') return null;
  const uidOf = async (name: string) => (await accountOf(name))?.uid ?? null;
  return createManagedFiles({ home: homedir(), folder, uidOf, read });
}

/** Numbers of a local user and its first group; null if there is no such user. */
export async function accountOf(name: string): Promise<{ readonly uid: number; readonly gid: number } | null> {
  const entry = await runUntranslated('getent', ['passwd', name], { codes: [2] });
  const [, , uid, gid] = entry?.split(':') ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}
