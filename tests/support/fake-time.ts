/** Runs a process under Debian's `faketime`: its wall clock is wrong, while its monotonic clock and the machine's uptime are right. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';

const LIBRARY = 'faketime/libfaketime.so.1';

/** Path of the library, or null if it is not installed. */
export function fakeTimeLibrary(): string | null {
  const found = readdirSync('/usr/lib', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `/usr/lib/${name}/${LIBRARY}`);
  return found.find((path) => existsSync(path)) ?? null;
}

/** Environment variables of a process whose wall clock is wrong. `by`: the difference, such as `+2d`. */
export function fakeTime(by: string): Record<string, string> {
  return {
    LD_PRELOAD: fakeTimeLibrary() ?? '',
    FAKETIME: by,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_NO_CACHE: '1',
  };
}

/** Environment variables of a process whose wall clock `setFakeTime` changes while the process runs. `file`: absolute path. */
export function changingTime(file: string): Record<string, string> {
  setFakeTime(file, '+0');
  const { FAKETIME: _fixed, ...others } = fakeTime('');
  return { ...others, FAKETIME_TIMESTAMP_FILE: file };
}

export const setFakeTime = (file: string, by: string): void => writeFileSync(file, `${by}\n`);
