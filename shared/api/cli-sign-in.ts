/**
 * Sign-in of the command line through a browser, in the manner of the device authorization grant (RFC 8628): the command line shows a short
 * code, and a person who is signed in to the console confirms it there.
 */
import { z } from 'zod';
import { sessionView } from './session.ts';
import { instant } from './wire.ts';

/** Page of the console that asks for the code. */
export const CLI_SIGN_IN_PATH = '/cli-sign-in';

/**
 * Letters without vowels and without look-alikes, so that codes form no words (RFC 8628, section 6.1). A code has eight of them, which
 * makes 34 bits.
 */
export const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
/** Code as a person enters it, converted to `BCDF-GHJK`. */
const userCode = z
  .string()
  .max(20)
  .transform((text) => text.toUpperCase().replaceAll(/[\s-]/g, ''))
  .pipe(z.string().regex(new RegExp(`^[${USER_CODE_LETTERS}]{8}$`), 'is eight letters, such as BCDF-GHJK'))
  .transform((letters) => `${letters.slice(0, 4)}-${letters.slice(4)}`);

export const newCliSignIn = z.strictObject({
  /** Name of the machine, as the command line states it. The server cannot verify it. */
  host: z.string().trim().min(1).max(255),
});
export const begunCliSignIn = z.object({
  userCode: z.string(),
  /** Secret of the command line, with which only this command line receives the session. */
  secret: z.string(),
  expiresInSeconds: z.int(),
  /** Seconds between two requests for the result. */
  interval: z.int(),
});
export const cliSignInSecret = z.strictObject({ secret: z.string().min(1).max(100) });
export const cliSignInResult = z.object({
  /** The new session after the confirmation; null until the person has confirmed the code. */
  session: sessionView.nullable(),
});
export const cliSignInCode = z.strictObject({ code: userCode });
export const cliSignInView = z.object({
  code: z.string(),
  host: z.string(),
  /** IP address from which the command line asked. */
  address: z.string(),
  begunAt: instant,
  expiresAt: instant,
});
export type CliSignInView = z.output<typeof cliSignInView>;
