/**
 * HTTPS routes for messaging keys, for proofs that devices are verified, and for the ledger entries that back these proofs
 * (`shared/protocol/device-http.ts`).
 */
import { z } from 'zod';
import type { consistencyView } from '../../shared/api/ledger.ts';
import {
  type continuationsResponse,
  membersBody,
  type membersResponse,
  messagingKeyBody,
  type messagingKeyResponse,
  type peopleResponse,
} from '../../shared/protocol/device-http.ts';
import { bodyOf, type DeviceRequest, type DeviceRoute, json, queryOf } from './device-route.ts';
import { derOf } from './identity.ts';
import type { Interests } from './interests.ts';
import type { LedgerPort, MembershipPort } from './ports.ts';
import type { HttpResponse } from './refusals.ts';
import type { Sessions } from './sessions.ts';

export interface MembershipRoutesPorts {
  readonly membership: MembershipPort;
  readonly ledger: LedgerPort;
  readonly sessions: Pick<Sessions, 'live'>;
  readonly interests: Pick<Interests, 'add'>;
}

const size = z.coerce.number().int().min(0);
const continuationsQuery = z.strictObject({ size });
const consistencyQuery = z.strictObject({ from: size, to: size.optional() });
const peopleQuery = z.strictObject({ text: z.string().trim().min(1).max(200) });

export function membershipRoutes({ membership, ledger, sessions, interests }: MembershipRoutesPorts): DeviceRoute[] {
  async function submitKey({ identity, request }: DeviceRequest): Promise<HttpResponse> {
    const { envelope } = await bodyOf(messagingKeyBody, request, '{ envelope } of a messaging key');
    const { device, generation } = identity;
    const der = derOf(request.socket);
    return json((await membership.submitKey({ device, generation, der }, envelope)) satisfies Own);
  }

  async function own({ identity: { device, generation } }: DeviceRequest): Promise<HttpResponse> {
    return json((await membership.own(device, generation)) satisfies Own);
  }

  async function people({ identity, query }: DeviceRequest): Promise<HttpResponse> {
    const { text } = queryOf(peopleQuery, query);
    return json({ people: await membership.search(text, identity.device) } satisfies z.input<typeof peopleResponse>);
  }

  async function members({ identity, request }: DeviceRequest): Promise<HttpResponse> {
    const requested = await bodyOf(membersBody, request, '{ people, devices } to ask about');
    const session = sessions.live(identity.device);
    // Register the people before reading their devices. Otherwise the session would miss a change during the read.
    if (session?.generation === identity.generation) interests.add(session, requested.people);
    const found = await membership.members(requested, identity.device);
    if (session?.generation === identity.generation && session.open) interests.add(session, found.people);
    return json({ members: [...found.members] } satisfies z.input<typeof membersResponse>);
  }

  async function consistency({ query }: DeviceRequest): Promise<HttpResponse> {
    const { from, to } = queryOf(consistencyQuery, query);
    const { proof, checkpoint } = await ledger.proveGrowth(from, to);
    const hashes = proof.map((hash) => hash.toString('base64'));
    return json({ from, proof: hashes, checkpoint, key: ledger.verifierKey } satisfies z.input<typeof consistencyView>);
  }

  async function continuations({ query }: DeviceRequest): Promise<HttpResponse> {
    const { size: of } = queryOf(continuationsQuery, query);
    const proved = await ledger.proveContinuations(of);
    return json({
      continuations: proved.map(({ envelope, index, body, proof }) => ({
        envelope,
        index,
        body: body.toString('utf8'),
        proof: proof.map((hash) => hash.toString('base64')),
      })),
    } satisfies z.input<typeof continuationsResponse>);
  }

  return [
    { method: 'POST', path: '/device/messaging-key', respond: submitKey },
    { method: 'GET', path: '/device/messaging-key', respond: own },
    { method: 'GET', path: '/device/people', respond: people },
    { method: 'POST', path: '/device/members', respond: members },
    { method: 'GET', path: '/device/ledger/consistency', respond: consistency },
    { method: 'GET', path: '/device/ledger/continuations', respond: continuations },
  ];
}

type Own = z.input<typeof messagingKeyResponse>;
