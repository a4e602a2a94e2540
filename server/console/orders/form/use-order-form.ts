/** The form's state: kept in this tab until it is sent, so that a reload loses nothing, and checked by the server as one types. */

import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { orderPreview } from '../../../../shared/api/orders.ts';
import { call } from '../../client/call.ts';
import { type Draft, draftOf, type OrderForm, orderForm } from './order-form.ts';
import { FIELDS, type Field, type Problem, problemsOf } from './problems.ts';

/** How long one can pause before what stands there is checked. */
const PAUSE = 400;

function kept(name: string): OrderForm | null {
  try {
    const parsed = orderForm.safeParse(JSON.parse(sessionStorage.getItem(name) ?? 'null'));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON, or no storage: there is no draft then.
    return null;
  }
}

function keep(name: string, form: OrderForm | null): void {
  try {
    if (form === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(form));
  } catch (error) {
    // Full or forbidden: what is typed is on the page all the same.
    console.warn('the draft is not kept', error);
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

/** A message that appeared between press and release would move what is being pressed from under the pointer. */
function afterPress(act: () => void): void {
  if (pressed) addEventListener('pointerup', () => setTimeout(act), { once: true });
  else act();
}

export type FormApi = ReturnType<typeof useOrderForm>;

/** `revises`: the order that is changed, with the revision from which the form started in `name`. */
export function useOrderForm(name: string, initial: OrderForm, revises: string | null) {
  const [before] = useState(() => kept(name));
  const [form, setForm] = useState(before ?? initial);
  const [restored, setRestored] = useState(before !== null);
  const [touched, setTouched] = useState<ReadonlySet<Field>>(new Set());
  const changed = form !== initial;
  useEffect(() => {
    if (changed) keep(name, form);
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
    /** What is shown of the preview is about what stands in the form now. */
    fresh,
    restored,
    update: (change: Partial<OrderForm>) => setForm((now) => ({ ...now, ...change })),
    touch: (field: Field) => afterPress(() => setTouched((now) => (now.has(field) ? now : new Set([...now, field])))),
    touchAll: () => setTouched(new Set(FIELDS)),
    /** What stands beside a field: nothing before one has been there. */
    problemAt: (field: Field): Problem | undefined => (touched.has(field) ? problems.fields.get(field) : undefined),
    startAgain: () => {
      keep(name, null);
      setRestored(false);
      setTouched(new Set());
      setForm(initial);
    },
    /** Everything that stands against it, asked anew if need be. Rejects when the server does not answer. */
    check: async () => problemsOf(form, draft, await client.ensureQueryData(previewQuery(JSON.stringify(draft)))),
    sent: () => keep(name, null),
  };
}

/** What the parts of the form are given. */
export type Fields = Pick<FormApi, 'form' | 'update' | 'touch' | 'problemAt'>;

export const fieldId = (field: Field) => `order-${field}`;
