/** What the form holds of an order, and its way to the API and back. Pure. */
import { z } from 'zod';
import { type ExemptionList, type orderDraft, PROPOSAL_DEFAULTS } from '../../../../shared/api/orders.ts';
import { signedGround } from '../../../../shared/areas/disputed-policy.ts';
import type { OrderTerms } from '../../../../shared/order/documents.ts';
import { groundIn } from '../../../../shared/order/order-areas.ts';
import { NEXUS, SERVICES, WAITING_RULES } from '../../../../shared/verdict/terms.ts';
import { moreDraft, moreForm, moreOf, NOTHING_MORE } from './more-form.ts';
import { NO_TIME, timeText, type WrittenTime, writtenAt, writtenTime } from './written-time.ts';

const rule = z.enum(['allow', 'deny']);
const named = z.object({ value: z.string(), label: z.string() });
export type Named = z.infer<typeof named>;
/** `until`: null for as long as the order lasts. */
const exempted = named.extend({ until: writtenTime.nullable(), reason: z.string() });
export type Exempted = z.infer<typeof exempted>;

/** As kept in the browser, too: what does not fit any more is thrown away. */
export const orderForm = z.object({
  areas: z.array(z.string()),
  /** By feature: a country, or `contested`. What is not in it is the policy's word. */
  disputed: z.record(z.string(), z.string()),
  services: z.array(z.enum(SERVICES)),
  nexus: z.array(z.enum(NEXUS)),
  zone: z.string(),
  /** The reader has chosen the zone: areas do not change it any more. */
  zoneChosen: z.boolean(),
  effective: writtenTime,
  ends: z.boolean(),
  until: writtenTime,
  mode: z.enum(['suspend', 'exit']),
  unknown: rule,
  contested: rule,
  travellers: rule,
  /** Absent: the order says nothing of it. */
  waiting: z.enum(WAITING_RULES).optional(),
  visitors: z.string(),
  stale: z.enum(['keep', 'allow', 'deny']),
  /** keep: who is exempt now stays so. list: those below, and nobody else. */
  exemption: z.enum(['keep', 'list']),
  groups: z.array(exempted),
  devices: z.array(exempted),
  title: z.string(),
  authority: z.string(),
  addressee: z.string(),
  instrument: z.string(),
  statements: z.array(z.object({ language: z.string(), text: z.string() })),
  appeal: z.string(),
  more: moreForm,
});
export type OrderForm = z.infer<typeof orderForm>;
export type Draft = z.input<typeof orderDraft>;
export type Submission = Omit<Draft, 'order' | 'act'> & { readonly act?: 'revise' };

/** The mildest rules: what is not said takes nothing from anybody. */
export function emptyForm({ zone, appeal }: { readonly zone: string; readonly appeal: string }): OrderForm {
  return {
    areas: [],
    disputed: {},
    services: [],
    nexus: ['present'],
    zone,
    zoneChosen: false,
    effective: NO_TIME,
    ends: false,
    until: NO_TIME,
    mode: PROPOSAL_DEFAULTS.mode,
    unknown: 'allow',
    contested: 'allow',
    travellers: 'allow',
    visitors: PROPOSAL_DEFAULTS.visitors,
    stale: PROPOSAL_DEFAULTS.stale,
    exemption: 'list',
    groups: [],
    devices: [],
    title: '',
    authority: '',
    addressee: '',
    instrument: '',
    statements: [{ language: 'en', text: '' }],
    appeal,
    more: NOTHING_MORE,
  };
}

/** An order as it stands, to be changed. */
export function formOf(terms: OrderTerms): OrderForm {
  const { effective, until, statement, areas, services, nexus, disputed } = terms;
  const { zone, mode, unknown, contested, travellers, waiting, visitors, stale } = terms;
  const { title, authority, addressee, instrument, appeal } = terms;
  return {
    ...{ zone, mode, unknown, contested, travellers, visitors, stale, title, authority, addressee, instrument, appeal },
    ...(waiting && { waiting }),
    areas: [...areas],
    services: [...services],
    nexus: [...nexus],
    // What it does not say it has left contested, whatever a policy says by now.
    disputed: signedGround(groundIn(terms), disputed),
    zoneChosen: true,
    effective: writtenAt(effective, terms.zone),
    ends: until !== null,
    until: until === null ? NO_TIME : writtenAt(until, terms.zone),
    exemption: 'keep',
    groups: [],
    devices: [],
    statements: Object.entries(statement).map(([language, text]) => ({ language, text })),
    more: moreOf(terms),
  };
}

/** By the clocks of another zone: what is written stays as it is, and means other instants. */
export function inZone(form: OrderForm, zone: string): Partial<OrderForm> {
  if (zone === form.zone) return {};
  const there = (written: WrittenTime): WrittenTime => ({ ...written, exact: null });
  const exempt = (one: Exempted): Exempted => ({ ...one, until: one.until && there(one.until) });
  const { effective, until, groups, devices, more } = form;
  return {
    zone,
    effective: there(effective),
    until: there(until),
    groups: groups.map(exempt),
    devices: devices.map(exempt),
    more: { ...more, answerBy: there(more.answerBy), publishAt: there(more.publishAt) },
  };
}

/** Empty when `list` names nobody. Absent: who is exempt stays so. */
function exemptOf({ exemption, groups, devices }: OrderForm): Draft['exempt'] {
  if (exemption === 'keep') return undefined;
  const said = ({ until, reason }: Exempted) => ({
    // An end that is wanted and not given is refused, as the order's own.
    ...(until !== null && { until: timeText(until) ?? '' }),
    ...(reason.trim() !== '' && { reason: reason.trim() }),
  });
  return [
    ...groups.map((one) => ({ group: one.value, ...said(one) })),
    ...devices.map((one) => ({ device: one.value, ...said(one) })),
  ];
}

/** Those that are chosen: who was before keeps what was said of them. */
export function exemptedOf(
  chosen: readonly string[],
  before: readonly Exempted[],
  choices: readonly Named[],
): Exempted[] {
  return chosen.flatMap((value) => {
    const kept = before.find((one) => one.value === value);
    const named = choices.find((one) => one.value === value);
    return kept ?? (named === undefined ? [] : { ...named, until: null, reason: '' });
  });
}

/** Whom the order exempts already, as the form holds them; what has run out is over. */
export function exemptedAlready(exempt: ExemptionList['exemptions'], zone: string, now: number): Exempted[] {
  return exempt
    .filter(({ until }) => until === null || until > now)
    .map(({ device, until, reason }) => ({
      value: device,
      label: device,
      until: until === null ? null : writtenAt(new Date(until).toISOString(), zone),
      reason: reason ?? '',
    }));
}

/** What is to be checked: everything that is filled in, as far as it is. */
export function draftOf(form: OrderForm, revises: string | null): Draft {
  const { areas, services, nexus, zone, mode, unknown, contested, travellers, visitors, stale, disputed, waiting } =
    form;
  const text = (value: string) => (value.trim() === '' ? undefined : value.trim());
  const effective = timeText(form.effective);
  // An end that is wanted and not given is refused: without one, the order would last until it is withdrawn.
  const until = form.ends ? (timeText(form.until) ?? '') : null;
  const written = form.statements.filter((each) => each.language !== '' && text(each.text) !== undefined);
  const exempt = exemptOf(form);
  const given = {
    title: text(form.title),
    authority: text(form.authority),
    addressee: text(form.addressee),
    instrument: text(form.instrument),
    appeal: text(form.appeal),
    ...(areas.length > 0 && { areas }),
    ...(services.length > 0 && { services }),
    ...(nexus.length > 0 && { nexus }),
    ...(written.length > 0 && {
      statement: Object.fromEntries(written.map((each) => [each.language, each.text.trim()])),
    }),
    effective,
    until,
    exempt,
    ...moreDraft(form.more, mode, revises === null ? undefined : null),
    // Of no meaning to an order that shuts something else.
    waiting: services.includes('messaging') ? waiting : undefined,
  };
  const filled = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const rules = { zone, mode, unknown, contested, travellers, visitors, stale, disputed };
  return { ...(revises === null ? { act: 'propose' } : { order: revises, act: 'revise' }), ...rules, ...filled };
}

/** What is sent at the end. `order` and `act` are said by the address when it is a new one. */
export function submission(form: OrderForm, revises: string | null): Submission {
  const { order: _order, act: _act, ...terms } = draftOf(form, revises);
  return revises === null ? terms : { ...terms, act: 'revise' };
}
