/**
 * Earlier names in timelines: British spellings of fields, services and codes, the field `ground` for `territories`, the notice `entry` for
 * `effective`, and the actions `hold`, `release` and `take` for `pause`, `resume` and `ip-database`. Published timelines use both.
 */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/enrolment/g, 'enrollment'],
  [/traveller/g, 'traveler'],
  [/organisation/g, 'organization'],
  [/^ground$/, 'territories'],
  [/^entry$/, 'effective'],
];
const ACTIONS: Readonly<Record<string, string>> = { hold: 'pause', release: 'resume', take: 'ip-database' };
/** Pattern of field, service and code names; titles and messages do not match. */
const NAME = /^[a-z_]+$/;

const currentName = (name: string): string =>
  NAME.test(name) ? SPELLINGS.reduce((text, [earlier, current]) => text.replace(earlier, current), name) : name;

/** The same JSON value with the current names. */
export function withCurrentNames(value: unknown): unknown {
  if (typeof value === 'string') return currentName(value);
  if (Array.isArray(value)) return value.map(withCurrentNames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      currentName(key),
      key === 'do' && typeof each === 'string' ? (ACTIONS[each] ?? each) : withCurrentNames(each),
    ]),
  );
}
