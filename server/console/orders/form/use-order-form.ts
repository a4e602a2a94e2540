/**
 * State of the order form. The browser stores the state for this tab until the order is proposed, so that a reload loses nothing. The
 * server checks the draft while the admin types.
 */

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { orderPreview } from '../../../../shared/api/order-preview.ts';
import { call } from '../../client/call.ts';
import type { Draft } from './draft.ts';
import { draftOf, type OrderForm, orderForm } from './order-form.ts';
import { FIELDS, type Field, type Problem, problemsOf } from './problems.ts';

/** Milliseconds without typing, after which the server checks the draft. */
const PAUSE = 400;

function storedForm(name: string): OrderForm | null {
  try {
    const parsed = orderForm.safeParse(JSON.parse(sessionStorage.getItem(name) ?? 'null'));
    return parsed.success ? parsed.data : null;
  } catch {
    // Start without a draft, because the stored draft is invalid JSON or the browser forbids storage.
    return null;
  }
}

function storeForm(name: string, form: OrderForm | null): void {
  try {
    if (form === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(form));
  } catch (error) {
    console.warn('the browser cannot store the draft', error);
  }
}

const previewQuery = (text: string) =>
  queryOptions({
    queryKey: ['orders+clock', 'preview', text],
    queryFn: async ({ signal }) => {
      const draft: Draft = JSON.parse(text);
      return { draft, ...(await call('POST', '/orders/preview', orderPreview, draft, signal)) };
    },
  });

let pressed = false;
for (const [event, down] of [
  ['pointerdown', true],
  ['pointerup', false],
  ['pointercancel', false],
] as const) {
  addEventListener(event, () => (pressed = down), { capture: true });
}

/** Delays a change until the pointer button is released. Otherwise a new error text could move a button away while the admin presses it. */
function afterPress(action: () => void): void {
  if (pressed) addEventListener('pointerup', () => setTimeout(action), { once: true });
  else action();
}

export type FormApi = ReturnType<typeof useOrderForm>;

/**
 * State of the order form. `revises`: number of the order that the form changes; null for a new order. `name`: name of the stored draft,
 * with the number of the revision that the form changes.
 */
export function useOrderForm(name: string, initial: OrderForm, revises: string | null) {
  const [before] = useState(() => storedForm(name));
  const [form, setForm] = useState(before ?? initial);
  const [restored, setRestored] = useState(before !== null);
  const [touched, setTouched] = useState<ReadonlySet<Field>>(new Set());
  const changed = form !== initial;
  useEffect(() => {
    if (changed) storeForm(name, form);
  }, [name, form, changed]);

  const client = useQueryClient();
  const draft = draftOf(form, revises);
  const [settled] = useDebouncedValue(JSON.stringify(draft), PAUSE);
  const preview = useQuery({ ...previewQuery(settled), placeholderData: keepPreviousData });
  const fresh = settled === JSON.stringify(draft) && !preview.isFetching && !preview.isPlaceholderData;
  const problems = problemsOf(form, draft, preview.data);

  return {
    form,
    problems,
    preview,
    /** True if the preview was computed from the current state of the form. */
    fresh,
    restored,
    update: (change: Partial<OrderForm>) => setForm((now) => ({ ...now, ...change })),
    touch: (field: Field) => afterPress(() => setTouched((now) => (now.has(field) ? now : new Set([...now, field])))),
    touchAll: () => setTouched(new Set(FIELDS)),
    /** Error of a field; undefined until the admin has left the field once. */
    problemAt: (field: Field): Problem | undefined => (touched.has(field) ? problems.fields.get(field) : undefined),
    startAgain: () => {
      storeForm(name, null);
      setRestored(false);
      setTouched(new Set());
      setForm(initial);
    },
    /** Resolves to all errors of the form, after the server has checked the current draft. Rejects if the server does not respond. */
    check: async () => problemsOf(form, draft, await client.ensureQueryData(previewQuery(JSON.stringify(draft)))),
    sent: () => storeForm(name, null),
  };
}

export type Fields = Pick<FormApi, 'form' | 'update' | 'touch' | 'problemAt'>;

export const fieldId = (field: Field) => `order-${field}`;
