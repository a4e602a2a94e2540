/**
 * Public documents about orders: the signed order list, the approver sets that verify the list, and a page for people. Clients verify the
 * signatures, so they need not trust caches.
 */
import { Router } from 'express';
import type { TransparencyReport } from '../../shared/api/transparency.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, type OrderAction, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import type { ProceedingState } from '../../shared/order/proceedings.ts';
import { fingerprintOf } from '../../shared/pack/fingerprint.ts';
import type { PublicRoot } from '../../shared/pack/public-root.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createCache } from '../orders/cache.ts';
import { periodIn, type ReportPeriod } from './report-period.ts';
import { type History, type Statement, stateAt, statementsOf, type Withheld, withheldIn } from './statements.ts';
import { type ShownOrder, TRANSPARENCY_PATH, transparencyPage } from './transparency.ts';

export interface PublicOrders {
  readonly list: {
    current(): { readonly envelope: Envelope } | null;
  };
  readonly approverSets: {
    envelopes(): readonly Envelope[];
  };
  readonly adoption: {
    rules(): readonly OrderRule[];
    get(order: string): Promise<Recorded>;
  };
}

/** Data about an order that is on the transparency page but not in the order list. */
interface Recorded {
  readonly revisions: readonly {
    readonly revision: number;
    readonly action: OrderAction;
    readonly adoptedAt: Instant | null;
  }[];
  readonly executions: History['executions'];
  readonly proceedings: ProceedingState;
}

export interface OrderDocumentPorts {
  readonly orders: PublicOrders;
  /** Public root: document with the public keys that auditors need to verify evidence packs. Null before the first approver set. */
  readonly publicRoot: () => PublicRoot | null;
  readonly ledger: Pick<Ledger, 'checkpoint' | 'verifierKey'>;
  readonly clock: Clock;
  readonly organization: string;
  /** Transparency report of a period. Throws `invalid_input` for a period that ends before it begins. */
  readonly report: (period: ReportPeriod) => Promise<TransparencyReport>;
}

/** Short cache lifetime, because a cached list hides the end of an order from devices. */
const BRIEFLY = 'public, max-age=30';

/** Milliseconds, by the system clock, for which the server reuses a rendered page. */
const PAGE_LASTING = 1_000;
/** Number of rendered pages that the server keeps, one for each period. */
const MOST_PAGES = 16;

interface Page {
  readonly body: string;
  readonly etag: string;
}

interface Published {
  readonly envelope: Envelope;
  readonly etag: string;
  /** Order list as bytes. All responses share this buffer, so that concurrent requests need no additional memory. */
  readonly body: Buffer;
  readonly statements: readonly Statement[];
  readonly withheld: readonly Withheld[];
}

export function orderDocumentsRouter({
  orders,
  publicRoot,
  ledger,
  clock,
  organization,
  report,
}: OrderDocumentPorts): Router {
  const router = Router();
  let newest: Published | null = null;
  const pages = createCache<Page>({ lasting: PAGE_LASTING, most: MOST_PAGES });

  function published(): Published | null {
    const envelope = orders.list.current()?.envelope;
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
        'There is no order list yet. The first list is published when the operator adopts an approver set. Try again later.',
      );
    }
    response.set('Cache-Control', BRIEFLY).set('ETag', list.etag).type('application/json');
    // The entity tags are compared here, because Express ignores If-None-Match beside `Cache-Control: no-cache`. The browser's `fetch`
    // sends both headers.
    if (names(request.headers['if-none-match'], list.etag)) response.status(304).end();
    else response.send(list.body);
  });

  router.get('/orders/approver-sets', (_request, response) => {
    response.set('Cache-Control', BRIEFLY).json(orders.approverSets.envelopes());
  });

  // Copy of the public root (public keys for auditors), for convenience. A verifier compares it with a copy from a trusted source.
  router.get('/public-root.json', (_request, response) => {
    const root = publicRoot();
    if (!root)
      throw new CordonError(
        'not_found',
        'There is no public root yet. It is published when the operator adopts an approver set.',
      );
    response
      .set('Cache-Control', BRIEFLY)
      .type('application/json')
      .send(Buffer.from(encodeCanonical(root)));
  });

  function ordersNow(): Omit<ShownOrder, 'history' | 'proceedings'>[] {
    const now = clock.now();
    const rules = new Map(orders.adoption.rules().map((rule) => [rule.order, rule]));
    return (published()?.statements ?? []).flatMap((statement) => {
      const rule = rules.get(statement.order);
      return rule ? [{ statement, state: stateAt(rule, now) }] : [];
    });
  }

  async function writePage(
    listed: readonly Omit<ShownOrder, 'history' | 'proceedings'>[],
    period: ReportPeriod,
  ): Promise<Page> {
    const shown: ShownOrder[] = [];
    for (const each of listed) {
      const recorded = await orders.adoption.get(each.statement.order);
      shown.push({ ...each, history: historyOf(recorded), proceedings: recorded.proceedings });
    }
    const root = publicRoot();
    const body = transparencyPage({
      organization,
      orders: shown,
      withheld: published()?.withheld ?? [],
      fingerprint: root && fingerprintOf(root),
      checkpoint: await ledger.checkpoint().catch(ifNone),
      ledgerKey: ledger.verifierKey,
      report: await report(period),
    });
    return { body, etag: `"${sha256(body)}"` };
  }

  router.get(TRANSPARENCY_PATH, async (request, response) => {
    const listed = ordersNow();
    const period = periodIn(request.url);
    const key = [published()?.etag, ...listed.map((each) => each.state), period.from, period.to].join(' ');
    const page = await pages.get(key, () => writePage(listed, period));
    response.set('Cache-Control', BRIEFLY).set('ETag', page.etag).type('html');
    if (names(request.headers['if-none-match'], page.etag)) response.status(304).end();
    else response.send(page.body);
  });

  return router;
}

function historyOf({ revisions, executions }: Recorded): History {
  const adopted = revisions.flatMap(({ revision, action, adoptedAt }) =>
    adoptedAt === null ? [] : [{ revision, action, adoptedAt }],
  );
  return { revisions: adopted, executions };
}

const ifNone = (error: unknown): null => {
  if (isCordonError(error, 'ledger_unavailable')) return null;
  throw error;
};

/** Weak comparison of entity tags (RFC 9110, section 13.1.2). */
function names(ifNoneMatch: string | undefined, etag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
