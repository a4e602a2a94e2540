/**
 * Number of failed attempts to enter the passcode. The agent stores each attempt before it checks the passcode, so that `kill -9` during the
 * check does not make an attempt free.
 */
import { readFile } from 'node:fs/promises';
import { type Disk, isMissing } from './disk.ts';

export interface PasscodeAttempts {
  /** Attempts since the last success. A damaged file counts as too many attempts. */
  count(): Promise<number>;
  add(): Promise<void>;
  /** Forgets all attempts. Returns the number of overwritten bytes. */
  clear(): Promise<number>;
}

export const passcodeAttempts = (file: string, disk: Disk): PasscodeAttempts => {
  async function count(): Promise<number> {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
    return /^\d{1,9}$/.test(text) ? Number(text) : Number.MAX_SAFE_INTEGER;
  }
  return {
    count,
    async add() {
      const attempts = Math.min((await count()) + 1, 999_999_999);
      await disk.writeWhole(file, Buffer.from(String(attempts)));
    },
    clear: () => disk.destroyFile(file),
  };
};
