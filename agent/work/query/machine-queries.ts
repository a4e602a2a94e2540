/** Reads the answers to live queries from this machine. The code of a platform loads at the first query. */
import type { ReadLiveQuery } from './answer-query.ts';

export const machineQueries =
  (platform: NodeJS.Platform): ReadLiveQuery =>
  async (query, signal) => {
    if (query.kind === 'files') return (await import('./find-files.ts')).findFiles(query, signal);
    if (platform !== 'linux') return null;
    switch (query.kind) {
      case 'processes':
        return (await import('./linux-processes.ts')).linuxProcesses(query);
      case 'services':
        return (await import('./linux-services.ts')).linuxServices(query);
      case 'open-ports':
        return (await import('./linux-ports.ts')).linuxPorts(query);
    }
  };
