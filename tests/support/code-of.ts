/** Results of functions for tables of cases: an error counts by its code. */
import { isCordonError } from '../../shared/errors.ts';

const codeIn = (error: unknown): string => (isCordonError(error) ? error.code : String(error));

/** Returns the error code with which the function fails, or `accepted`. */
export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return codeIn(error);
  }
  return 'accepted';
}

/** Returns the result of the function, or the error code with which the function fails. */
export function outcomeOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return codeIn(error);
  }
}

export async function codeOfAsync(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    return codeIn(error);
  }
  return 'accepted';
}
