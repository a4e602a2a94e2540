/** The stable code of the refusal that an act ends with, for tables of cases. */
import { isCordonError } from '../../shared/errors.ts';

export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return isCordonError(error) ? error.code : String(error);
  }
  return 'accepted';
}
