/** Returns the error code with which a function fails, or `accepted`, for tables of cases. */
import { isCordonError } from '../../shared/errors.ts';

const codeIn = (error: unknown): string => (isCordonError(error) ? error.code : String(error));

export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return codeIn(error);
  }
  return 'accepted';
}

export async function codeOfAsync(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    return codeIn(error);
  }
  return 'accepted';
}
