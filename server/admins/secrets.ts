/** Secrets of accounts, such as tokens. The server shows each secret once and stores only its SHA-256. */
import { createHash, randomBytes } from 'node:crypto';

export const newSecret = (): string => randomBytes(32).toString('base64url');

export const sha256 = (secret: string): string => createHash('sha256').update(secret).digest('hex');
