/**
 * The public documents of orders: the signed list, the chain of roots that it is verified under, and the same for people. Whoever holds them
 * needs no trust in whoever passed them on, so caches may.
 */
import { Router } from 'express';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, type OrderAct, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { fingerprintOf } from '../../shared/pack/fingerprint.ts';
import type { PublicRoot } from '../../shared/pack/public-root.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { briefly } from '../orders/briefly.ts';
import { type History, type Statement, standingAt, statementsOf, type Withheld, withheldIn } from './statements.ts';
import { type ShownOrder, TRANSPARENCY_PATH, transparencyPage } from './transparency.ts';

export interface PublicOrders {
  /** Null before the first root of approvers is adopted. */
  currentList(): { readonly envelope: Envelope } | null;
  /** Adopted roots, oldest first. */
  roots(): readonly Envelope[];
  rules(): readonly OrderRule[];
  get(order: string): Promise<Recorded>;
}

/** As far as it is shown here. */
interface Recorded {
  readonly revisions: readonly {
    readonly revision: number;
    readonly act: OrderAct;
    readonly adoptedAt: Instant | null;
  }[];
  readonly executions: History['executions'];
}

export interface OrderDocumentPorts {
  readonly orders: PublicOrders;
  /** Null before the first root of approvers is adopted. */
  readonly publicRoot: () => PublicRoot | null;
  readonly ledger: Pick<Ledger, 'checkpoint' | 'verifierKey'>;
  readonly clock: Clock;
  readonly organisation: string;
}

/** Short: a device that an order no longer denies should not wait for a cache. */
const BRIEFLY = 'public, max-age=30';

/** Milliseconds of real time for which a page that was written is given out again. */
const PAGE_LASTING = 1_000;

interface Page {
  readonly body: string;
  readonly etag: string;
}

interface Published {
  readonly envelope: Envelope;
  readonly etag: string;
  /** All responses send slices of this one buffer. */
  readonly body: Buffer;
  readonly statements: readonly Statement[];
  readonly withheld: readonly Withheld[];
}

export function orderDocumentsRouter({ orders, publicRoot, ledger, clock, organisation }: OrderDocumentPorts): Router {
  const router = Router();
  /** Read and written once a list, however often it is asked for. */
  let newest: Published | null = null;
  /** Whoever asks often makes no work. */
  const pages = briefly<Page>({ lasting: PAGE_LASTING, most: 1 });

  function published(): Published | null {
    const envelope = orders.currentList()?.envelope;
    if (!envelope) return null;
    if (newest?.envelope !== envelope) {
      const etag = `"${sha256(payloadOf(envelope, PAYLOAD_TYPES.list))}"`;
      const body = Buffer.from(JSON.stringify(envelope));
      newest = { envelope, etag, body, statements: statementsOf(envelope), withheld: withheldIn(envelope) };
    }
    return newest;
  }

  router.get('/orders/list', (request, response) => {
    const list = published();
    if (!list) {
      throw new CordonError(
        'not_found',
        'There is no order list yet: it begins when the operator adopts a root of approvers. Ask again later.',
      );
    }
    response.set('Cache-Control', BRIEFLY).set('ETag', list.etag).type('application/json');
    // Not left to express, which passes over If-None-Match beside `Cache-Control: no-cache`; fetch sends both.
    if (names(request.headers['if-none-match'], list.etag)) response.status(304).end();
    else response.send(list.body);
  });

  router.get('/orders/roots', (_request, response) => {
    response.set('Cache-Control', BRIEFLY).json(orders.roots());
  });

  // For convenience, as with the ledger's key: whoever wants to hold the operator to it compares it with a copy from elsewhere.
  router.get('/public-root.json', (_request, response) => {
    const root = publicRoot();
    if (!root) throw new CordonError('not_found', 'There is no public root before a root of approvers is adopted.');
    response
      .set('Cache-Control', BRIEFLY)
      .type('application/json')
      .send(Buffer.from(encodeCanonical(root)));
  });

  function standing(): Omit<ShownOrder, 'history'>[] {
    const now = clock.now();
    const rules = new Map(orders.rules().map((rule) => [rule.order, rule]));
    return (published()?.statements ?? []).flatMap((statement) => {
      const rule = rules.get(statement.order);
      return rule ? [{ statement, standing: standingAt(rule, now) }] : [];
    });
  }

  async function writePage(listed: readonly Omit<ShownOrder, 'history'>[]): Promise<Page> {
    const shown: ShownOrder[] = [];
    for (const each of listed) shown.push({ ...each, history: historyOf(await orders.get(each.statement.order)) });
    const root = publicRoot();
    const body = transparencyPage({
      organisation,
      orders: shown,
      withheld: published()?.withheld ?? [],
      fingerprint: root && fingerprintOf(root),
      checkpoint: await ledger.checkpoint().catch(ifNone),
      ledgerKey: ledger.verifierKey,
    });
    return { body, etag: `"${sha256(body)}"` };
  }

  router.get(TRANSPARENCY_PATH, async (request, response) => {
    const listed = standing();
    const key = [published()?.etag, ...listed.map((each) => each.standing)].join(' ');
    const page = await pages.get(key, () => writePage(listed));
    response.set('Cache-Control', BRIEFLY).set('ETag', page.etag).type('html');
    if (names(request.headers['if-none-match'], page.etag)) response.status(304).end();
    else response.send(page.body);
  });

  return router;
}

function historyOf({ revisions, executions }: Recorded): History {
  const adopted = revisions.flatMap(({ revision, act, adoptedAt }) =>
    adoptedAt === null ? [] : [{ revision, act, adoptedAt }],
  );
  return { revisions: adopted, executions };
}

const ifNone = (error: unknown): null => {
  if (isCordonError(error, 'ledger_unavailable')) return null;
  throw error;
};

/** RFC 9110, section 13.1.2: compared weakly. */
function names(ifNoneMatch: string | undefined, etag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
