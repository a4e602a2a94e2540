/** Order as form values, and their conversion to the format of the API. The functions are pure. */
import { z } from 'zod';
import type { ExemptionList } from '../../../../shared/api/affected-devices.ts';
import { PROPOSAL_DEFAULTS } from '../../../../shared/api/order-proposals.ts';
import { explicitMap } from '../../../../shared/areas/territory-policy.ts';
import type { OrderTerms } from '../../../../shared/order/documents.ts';
import { territoriesIn } from '../../../../shared/order/order-areas.ts';
import { hasWaitingRule, NEXUS, SERVICES, WAITING_RULES } from '../../../../shared/verdict/terms.ts';
import type { Draft, Submission } from './draft.ts';
import { type LocalTime, localTime, localTimeAt, NO_TIME, timeText } from './local-time.ts';
import { NO_OPTIONS, optionalDraft, optionalForm, optionsOf } from './optional-form.ts';

const rule = z.enum(['allow', 'deny']);
const named = z.object({ value: z.string(), label: z.string() });
export type Named = z.infer<typeof named>;
const exempted = named.extend({ until: localTime.nullable(), reason: z.string() });
export type Exempted = z.infer<typeof exempted>;

/** Schema of the form values and of the draft in browser storage. The form ignores a stored draft that does not match the schema. */
export const orderForm = z.object({
  areas: z.array(z.string()),
  /** Country code or `contested` for each disputed territory. The territory policy decides about territories that are absent. */
  disputed: z.record(z.string(), z.string()),
  services: z.array(z.enum(SERVICES)),
  nexus: z.array(z.enum(NEXUS)),
  zone: z.string(),
  /** True after the admin has chosen the time zone. After that, a change of the areas does not change the time zone. */
  zoneChosen: z.boolean(),
  effective: localTime,
  ends: z.boolean(),
  until: localTime,
  mode: z.enum(['suspend', 'exit']),
  unknown: rule,
  contested: rule,
  travelers: rule,
  waiting: z.enum(WAITING_RULES).optional(),
  visitors: z.string(),
  stale: z.enum(['keep', 'allow', 'deny']),
  /**
   * Exemptions in a proposed revision of an order. `keep`: the current exemptions of the order. `list`: the exemptions in `groups` and
   * `devices`.
   */
  exemption: z.enum(['keep', 'list']),
  groups: z.array(exempted),
  devices: z.array(exempted),
  title: z.string(),
  authority: z.string(),
  addressee: z.string(),
  instrument: z.string(),
  statements: z.array(z.object({ language: z.string(), text: z.string() })),
  /** Language whose statement is binding if translations differ. Empty stands for the language of the first element in `statements`. */
  authoritative: z.string(),
  appeal: z.string(),
  more: optionalForm,
});
export type OrderForm = z.infer<typeof orderForm>;

/** Values of a new form. Each rule has its mildest option, so that a rule that the admin overlooks suspends nothing. */
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
    travelers: 'allow',
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
    authoritative: '',
    appeal,
    more: NO_OPTIONS,
  };
}

export function formOf(terms: OrderTerms): OrderForm {
  const { effective, until, statement, areas, services, nexus, disputed } = terms;
  const { zone, mode, unknown, contested, travelers, waiting, visitors, stale } = terms;
  const { title, authority, addressee, instrument, appeal } = terms;
  return {
    zone,
    mode,
    unknown,
    contested,
    travelers,
    visitors,
    stale,
    title,
    authority,
    addressee,
    instrument,
    appeal,
    ...(waiting && { waiting }),
    areas: [...areas],
    services: [...services],
    nexus: [...nexus],
    // A territory that a signed order does not assign is `contested`, whatever the current territory policy says.
    disputed: explicitMap(territoriesIn(terms), disputed),
    zoneChosen: true,
    effective: localTimeAt(effective, terms.zone),
    ends: until !== null,
    until: until === null ? NO_TIME : localTimeAt(until, terms.zone),
    exemption: 'keep',
    groups: [],
    devices: [],
    statements: Object.entries(statement).map(([language, text]) => ({ language, text })),
    authoritative: terms.authoritativeLanguage ?? '',
    more: optionsOf(terms),
  };
}

/** Changes the time zone of an order form. The times in the fields stay as typed, so these times then mean other instants. */
export function inZone(form: OrderForm, zone: string): Partial<OrderForm> {
  if (zone === form.zone) return {};
  const there = (written: LocalTime): LocalTime => ({ ...written, exact: null });
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

/**
 * Exemptions from an order in the format of the API. An empty array removes all exemptions. The value undefined keeps the order's current
 * exemptions.
 */
function exemptOf({ exemption, groups, devices }: OrderForm): Draft['exempt'] {
  if (exemption === 'keep') return undefined;
  const termsOf = ({ until, reason }: Exempted) => ({
    // For an incomplete end, send an empty text, which the server refuses. Without a value, the exemption would never end.
    ...(until !== null && { until: timeText(until) ?? '' }),
    ...(reason.trim() !== '' && { reason: reason.trim() }),
  });
  return [
    ...groups.map((one) => ({ group: one.value, ...termsOf(one) })),
    ...devices.map((one) => ({ device: one.value, ...termsOf(one) })),
  ];
}

/** Exemptions for the selected devices or groups. Exemptions that are already in the list keep their end and reason. */
export function exemptedOf(
  chosen: readonly string[],
  before: readonly Exempted[],
  choices: readonly Named[],
): Exempted[] {
  return chosen.flatMap((value) => {
    const existing = before.find((one) => one.value === value);
    const named = choices.find((one) => one.value === value);
    return existing ?? (named === undefined ? [] : { ...named, until: null, reason: '' });
  });
}

export function exemptedAlready(exempt: ExemptionList['exemptions'], zone: string, now: number): Exempted[] {
  return exempt
    .filter(({ until }) => until === null || until > now)
    .map(({ device, until, reason }) => ({
      value: device,
      label: device,
      until: until === null ? null : localTimeAt(new Date(until).toISOString(), zone),
      reason: reason ?? '',
    }));
}

/**
 * Language whose statement is binding: the selected language, or for a new order the language of the first statement. A revision does not
 * add such a language to an order without one.
 */
export function authoritativeIn(
  { authoritative, statements }: Pick<OrderForm, 'authoritative' | 'statements'>,
  revises: string | null,
): string | undefined {
  if (authoritative !== '') return authoritative;
  return revises === null ? statements.find(({ language }) => language !== '')?.language : undefined;
}

export function draftOf(form: OrderForm, revises: string | null): Draft {
  const { areas, services, nexus, zone, mode, unknown, contested, travelers, visitors, stale, disputed, waiting } =
    form;
  const text = (value: string) => (value.trim() === '' ? undefined : value.trim());
  const effective = timeText(form.effective);
  // For an incomplete end, send an empty text, which the server refuses. Without a value, the order would last until its withdrawal.
  const until = form.ends ? (timeText(form.until) ?? '') : null;
  const written = form.statements.filter((each) => each.language !== '' && text(each.text) !== undefined);
  const exempt = exemptOf(form);
  const fields = {
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
    authoritativeLanguage: authoritativeIn(form, revises),
    effective,
    until,
    exempt,
    ...optionalDraft(form.more, mode, revises === null ? undefined : null),
    // The rule has no effect if the order suspends neither messaging nor mail.
    waiting: hasWaitingRule(services) ? waiting : undefined,
  };
  const filled = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const rules = { zone, mode, unknown, contested, travelers, visitors, stale, disputed };
  return { ...(revises === null ? { action: 'propose' } : { order: revises, action: 'revise' }), ...rules, ...filled };
}

/**
 * Body of the request that proposes an order or a change of an order. For a change, the body contains the action `revise`, and the
 * request's path contains the order number.
 */
export function submission(form: OrderForm, revises: string | null): Submission {
  const { order: _order, action: _act, ...terms } = draftOf(form, revises);
  return revises === null ? terms : { ...terms, action: 'revise' };
}
