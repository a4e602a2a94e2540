/** Remedy for a request without credentials: first for a person at the command line, then for a program. */
export const SIGN_IN_REMEDY =
  'Run "cordon sign-in", or set CORDON_TOKEN. A program sends a token, or signs in with POST /api/v1/session.';
