/**
 * The user's switch for other mail programs, with the port and the password for them. The password has 160 random bits, so a fast hash is
 * enough. The hash is in Dovecot's format of a passwd-file, so the same password serves Dovecot.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { destroyFile, isMissing, writeWhole } from '../workspace/disk.ts';

const SALT = 16;
const SCHEME = '{SSHA256}';

const settingsSchema = z.strictObject({
  /** Name for the sign-in of mail programs: the user's address in lower case. */
  user: z.string().max(254),
  port: z.int().min(0).max(65_535),
  password: z.string().max(200),
});
export type ProgramSettings = z.infer<typeof settingsSchema>;

/** File with the settings. It exists while the user has switched other mail programs on. */
export interface SettingsFile {
  /** Reads the settings; null if other mail programs are switched off. */
  read(): Promise<ProgramSettings | null>;
  write(settings: ProgramSettings): Promise<void>;
  remove(): Promise<void>;
}

/** Access to the settings file at `path`. `passwords`: path of the passwd-file for Dovecot. */
export function settingsFile(path: string, passwords: string): SettingsFile {
  return {
    async read() {
      try {
        return settingsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async write(settings) {
      await writeWhole(passwords, Buffer.from(`${settings.user}:${settings.password}\n`));
      await writeWhole(path, Buffer.from(JSON.stringify(settings)));
    },
    async remove() {
      await destroyFile(path);
      await destroyFile(passwords);
    },
  };
}

export const newPassword = (): string => randomBytes(20).toString('base64url');

export function hashPassword(password: string, salt: Buffer = randomBytes(SALT)): string {
  return `${SCHEME}${Buffer.concat([digestOf(password, salt), salt]).toString('base64')}`;
}

/** The comparison takes the same time for every password, so that the time reveals nothing about the right one. */
export function isPassword(password: string, stored: string): boolean {
  const bytes = Buffer.from(stored.slice(SCHEME.length), 'base64');
  const [expected, salt] = [bytes.subarray(0, 32), bytes.subarray(32)];
  return expected.length === 32 && timingSafeEqual(digestOf(password, salt), expected);
}

const digestOf = (password: string, salt: Buffer): Buffer =>
  createHash('sha256').update(password).update(salt).digest();
