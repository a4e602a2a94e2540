import { CordonError, isCordonError } from '../../../shared/errors.ts';
import { bodyOf, httpsOf } from '../../enrollment/est.ts';
import { type DeviceListener, orUnavailable } from '../../link/http.ts';

export interface MembershipClient {
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
  /**
   * HTTPS client for queries about members and the ledger. A refused query throws `unavailable`, so that a message waits instead of being
   * rejected. Only a missing ledger proof counts as the server's misbehavior.
   */
  askLater(...question: Parameters<MembershipClient['ask']>): Promise<unknown>;
}

export function createMembershipClient(ports: DeviceListener): MembershipClient {
  async function ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const response = await orUnavailable(
      ports.http()(new URL(path, httpsOf(ports.deviceUrl())), {
        method,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      }),
    );
    return JSON.parse(bodyOf(response).toString('utf8'));
  }

  async function askLater(...question: Parameters<typeof ask>): Promise<unknown> {
    try {
      return await ask(...question);
    } catch (cause) {
      if (!isCordonError(cause) || ['unavailable', 'proof_invalid'].includes(cause.code)) throw cause;
      throw new CordonError('unavailable', cause.message, cause.context, cause);
    }
  }

  return { ask, askLater };
}
