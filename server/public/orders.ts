/**
 * The public documents of orders: the signed list, the chain of roots that it is verified under, and the same for people. Whoever holds them
 * needs no trust in whoever passed them on, so caches may.
 */
import { Router } from 'express';
import { CordonError } from '../../shared/errors.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { type Envelope, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import { type Statement, standingAt, statementsOf } from './statements.ts';
import { transparencyPage } from './transparency.ts';

export interface PublicOrders {
  /** Null before the first root of approvers is adopted. */
  currentList(): { readonly envelope: Envelope } | null;
  /** Adopted roots, oldest first. */
  roots(): readonly Envelope[];
  rules(): readonly OrderRule[];
}

export interface OrderDocumentPorts {
  readonly orders: PublicOrders;
  readonly clock: Clock;
  readonly organisation: string;
}

/** Short: a device that an order no longer denies should not wait for a cache. */
const BRIEFLY = 'public, max-age=30';

interface Published {
  readonly envelope: Envelope;
  readonly etag: string;
  readonly body: string;
  readonly statements: readonly Statement[];
}

export function orderDocumentsRouter({ orders, clock, organisation }: OrderDocumentPorts): Router {
  const router = Router();
  /** Read and written once a list, however often it is asked for. */
  let newest: Published | null = null;

  function published(): Published | null {
    const envelope = orders.currentList()?.envelope;
    if (!envelope) return null;
    if (newest?.envelope !== envelope) {
      const etag = `"${sha256(payloadOf(envelope, PAYLOAD_TYPES.list))}"`;
      newest = { envelope, etag, body: JSON.stringify(envelope), statements: statementsOf(envelope) };
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

  router.get('/transparency', (_request, response) => {
    const now = clock.now();
    const rules = new Map(orders.rules().map((rule) => [rule.order, rule]));
    const shown = (published()?.statements ?? []).flatMap((statement) => {
      const rule = rules.get(statement.order);
      return rule ? [{ statement, standing: standingAt(rule, now) }] : [];
    });
    response.set('Cache-Control', BRIEFLY).type('html').send(transparencyPage(organisation, shown));
  });

  return router;
}

/** RFC 9110, section 13.1.2: compared weakly. */
function names(ifNoneMatch: string | undefined, etag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
