/**
 * The newest lines of the agent's log, in two files that replace each other, for the command `collect-logs`. A failure to write is ignored,
 * because the log must never stop the agent: the disk may be full.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';

export interface LogFile {
  write(line: string): void;
  /** Lines of both log files, oldest first. */
  read(): string;
}

/** Opens the log. `most`: maximum bytes of one file. When the newer file is full, the agent replaces the older file. */
export function openLogFile(file: string, most = 2 * 1024 * 1024): LogFile {
  const older = `${file}.1`;
  let size = sizeOf(file);
  return {
    write(line) {
      try {
        const bytes = Buffer.byteLength(line);
        if (size > 0 && size + bytes > most) {
          renameSync(file, older);
          size = 0;
        }
        appendFileSync(file, line, { mode: 0o600 });
        size += bytes;
      } catch {
        size = sizeOf(file);
      }
    },
    read: () => [older, file].map((each) => (existsSync(each) ? readFileSync(each, 'utf8') : '')).join(''),
  };
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
