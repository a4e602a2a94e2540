import {
  checkpointView,
  consistencyQuery,
  consistencyView,
  inclusionQuery,
  inclusionView,
  ledgerEntryList,
  ledgerEntryQuery,
  ledgerOpeningList,
  ledgerOpeningQuery,
  type WitnessList,
  witnessList,
} from '../../shared/api/ledger.ts';
import { entrySchema } from '../../shared/ledger/ledger-entry.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Openings } from '../ledger/openings.ts';
import { type Route, route } from './route.ts';

export interface LedgerPorts {
  readonly ledger: Pick<Ledger['published'], 'checkpoint' | 'verifierKey' | 'size' | 'proveEntry' | 'proveGrowth'>;
  /**
   * Ledger entries from index `from` (inclusive) to index `to` (exclusive), without the entries that the newest checkpoint does not cover.
   */
  readonly entries: {
    entries(from: number, to: number): Promise<Buffer[]>;
  };
  readonly openings: Openings;
  readonly witnesses: {
    status(): WitnessList['witnesses'];
    obstacle(): string | null;
    policy(): WitnessList['policy'];
  };
}

export function ledgerRoutes({ ledger, entries, openings, witnesses }: LedgerPorts): Route[] {
  return [
    route({
      name: 'ledger.checkpoint',
      method: 'get',
      path: '/ledger/checkpoint',
      summary: 'Show the newest checkpoint and its verifier key',
      response: checkpointView,
      handler: async () => ({ checkpoint: await ledger.checkpoint(), key: ledger.verifierKey }),
    }),
    route({
      name: 'ledger.entries',
      method: 'get',
      path: '/ledger/entries',
      summary: 'List ledger entries in order',
      query: ledgerEntryQuery,
      response: ledgerEntryList,
      async handler({ query: { from, limit } }) {
        const bodies = await entries.entries(from, from + limit);
        const listed = bodies.map((body, at) => ({
          index: from + at,
          entry: entrySchema.parse(JSON.parse(body.toString())),
        }));
        return { entries: listed };
      },
    }),
    route({
      name: 'ledger.inclusion',
      method: 'get',
      path: '/ledger/inclusion',
      summary: 'Prove that the newest checkpoint includes an entry (RFC 6962, section 2.1.1)',
      query: inclusionQuery,
      response: inclusionView,
      async handler({ query: { index } }) {
        const { body, proof, checkpoint } = await ledger.proveEntry(index);
        return { index, body: body.toString(), proof: proof.map(base64), checkpoint, key: ledger.verifierKey };
      },
    }),
    route({
      name: 'ledger.consistency',
      method: 'get',
      path: '/ledger/consistency',
      summary: 'Prove that the newest checkpoint extends an earlier one (RFC 6962, section 2.1.2)',
      query: consistencyQuery,
      response: consistencyView,
      async handler({ query: { from } }) {
        const { proof, checkpoint } = await ledger.proveGrowth(from);
        return { from, proof: proof.map(base64), checkpoint, key: ledger.verifierKey };
      },
    }),
    route({
      name: 'ledger.openings',
      method: 'get',
      path: '/ledger/openings',
      summary: 'List salts of the ledger entries about one device, person or account. The ledger records the reader',
      query: ledgerOpeningQuery,
      response: ledgerOpeningList,
      handler: ({ query: { subject, from }, caller }) => openings(caller.account.person, subject, from),
    }),
    route({
      name: 'ledger.witnesses',
      method: 'get',
      path: '/ledger/witnesses',
      summary: 'List the witnesses of the ledger and their last cosignatures',
      response: witnessList,
      handler: async () => ({
        witnesses: witnesses.status(),
        policy: witnesses.policy(),
        obstacle: witnesses.obstacle(),
      }),
    }),
  ];
}

const base64 = (hash: Buffer): string => hash.toString('base64');
