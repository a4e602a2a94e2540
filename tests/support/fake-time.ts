/** Debian's `faketime` in front of a process: its wall clock is wrong, its monotonic clock and the machine's uptime are right. */
import { existsSync, readdirSync } from 'node:fs';

const LIBRARY = 'faketime/libfaketime.so.1';

/** Null where the library is not installed. */
export function fakeTimeLibrary(): string | null {
  const found = readdirSync('/usr/lib', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `/usr/lib/${name}/${LIBRARY}`);
  return found.find((path) => existsSync(path)) ?? null;
}

/** For a process's environment. `by`: such as `+2d`. */
export function fakeTime(by: string): Record<string, string> {
  return {
    LD_PRELOAD: fakeTimeLibrary() ?? '',
    FAKETIME: by,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_NO_CACHE: '1',
  };
}
