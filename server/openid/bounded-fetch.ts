/** HTTP requests to the identity provider: encrypted, without redirects, and with a limit for the size of a response. */
import type { CustomFetch } from 'openid-client';
import { requireProtected } from './protected-url.ts';

/** Maximum bytes of a response. Metadata, keys and tokens are far smaller. */
const LARGEST_RESPONSE = 1024 * 1024;

/**
 * Replaces `fetch` in openid-client, which sets the deadline (`signal`) and `redirect: 'manual'`. The metadata may name other hosts than the
 * issuer, so each URL is checked here.
 */
export const boundedFetch: CustomFetch = async (url, options) => {
  requireProtected(url);
  const { body, ...rest } = options;
  const response = await fetch(url, { ...rest, ...(body && { body }) });
  const { status, headers } = response;
  const bytes = await readAtMost(response, LARGEST_RESPONSE);
  return new Response(bytes.length === 0 ? null : bytes, { status, headers });
};

async function readAtMost(response: Response, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Ending the loop early cancels the stream, so no further bytes are read.
    if (size > limit) throw new Error(`a response of the provider is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
