import type { ChecksOfRound } from './checks.ts';

/** Checks of this machine. Each platform has one set; the code of the platform loads at the first round. */
export async function machineChecks(platform: NodeJS.Platform): Promise<ChecksOfRound> {
  if (platform === 'linux') return (await import('./linux-checks.ts')).linuxChecks;
  return () => ({});
}
