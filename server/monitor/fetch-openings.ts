/** Openings (salt and subject) of ledger entries, which an auditor's token may read on the admin listener. */
import { ledgerOpeningList } from '../../shared/api/ledger.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Opening } from '../../shared/ledger/ledger-entry.ts';

const DEADLINE = 30_000;
const LARGEST_ANSWER = 8 * 1024 * 1024;

/** Openings by index for the given subjects, from index `from` (inclusive) to index `to` (exclusive). Throws `ledger_unavailable`. */
export async function fetchOpenings(
  { server, token }: { readonly server: string; readonly token: string },
  subjects: readonly string[],
  from: number,
  to: number,
): Promise<Map<number, Opening>> {
  const found = new Map<number, Opening>();
  for (const subject of subjects) {
    for (let at = from; at < to; ) {
      const url = new URL(`/api/v1/ledger/openings?${new URLSearchParams({ subject, from: String(at) })}`, server);
      const page = await ask(url, token);
      for (const { index, opening } of page.openings) found.set(index, opening);
      // The admin listener may briefly know fewer entries than the public listener. The monitor then tries again later.
      if (page.next <= at) throw unavailable(url, 'the server has no openings of the newest entries yet');
      at = page.next;
    }
  }
  return found;
}

async function ask(url: URL, token: string) {
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(DEADLINE),
    });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return ledgerOpeningList.parse(JSON.parse(await boundedText(response)));
  } catch (error) {
    throw unavailable(url, error instanceof Error ? error.message : String(error), error);
  }
}

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error(`more than ${LARGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const unavailable = (url: URL, why: string, cause?: unknown) =>
  new CordonError(
    'ledger_unavailable',
    `Cannot read openings from ${url.origin} (${why}). Check "api" in the settings, and the role auditor of the token’s account.`,
    {},
    cause,
  );
