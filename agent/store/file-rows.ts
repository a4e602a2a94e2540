import type { FetchRecord, FetchRecordStore } from '../work/file-transfers.ts';
import type { DeviceRows } from './device-rows.ts';

const FETCHED = 'fetched-files';
/** Fetched files that the user can see. */
const MOST_FETCHED = 100;

export function fileRows(rows: DeviceRows): FetchRecordStore {
  const fetchedFiles = () => rows.value<FetchRecord[]>(FETCHED) ?? [];
  return {
    fetchedFiles,
    addFetchedFile(record) {
      const before = fetchedFiles();
      // A device may run a command twice after a crash.
      if (before.some(({ command }) => command === record.command)) return;
      rows.saveValue(FETCHED, [record, ...before].slice(0, MOST_FETCHED));
    },
  };
}
