import { homedir } from 'node:os';
import { runUntranslated } from '../inventory/run-program.ts';
import type { ChecksOfRound } from './checks.ts';
import { createManagedFiles, type ManagedFiles } from './managed-files.ts';

/** Checks of this machine. Each platform has one set; the code of the platform loads at the first round. */
export async function machineChecks(platform: NodeJS.Platform): Promise<ChecksOfRound> {
  if (platform === 'linux') return (await import('./linux-checks.ts')).linuxChecks;
  return () => ({});
}

/** Files of this machine that policies manage; null on platforms where the agent does not manage files. `folder`: see `ManagedFiles`. */
export function machineFiles(platform: NodeJS.Platform, folder: string): ManagedFiles | null {
  if (platform !== 'linux') return null;
  const uidOf = async (name: string) => {
    const entry = await runUntranslated('getent', ['passwd', name], { codes: [2] });
    const [, , uid] = entry?.split(':') ?? [];
    return uid === undefined ? null : Number(uid);
  };
  return createManagedFiles({ home: homedir(), folder, uidOf });
}
