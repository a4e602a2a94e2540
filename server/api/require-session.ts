import { CordonError } from '../../shared/errors.ts';
import type { Caller } from './route.ts';

/** Cookie of the caller's session. Throws `step_up_required` for a token, which no person confirms. */
export function requireSession({ via }: Caller, cookie: string | null): string {
  if (via === 'session' && cookie !== null) return cookie;
  throw new CordonError(
    'step_up_required',
    'A token cannot confirm your identity. Sign in with your passkey, or with password and code.',
  );
}
