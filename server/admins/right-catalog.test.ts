/** Tables over all rights: which of them a custom role may contain, and which routes need a step-up sign-in. */
import { describe, expect, it } from 'vitest';
import type { ActionName } from '../../shared/api/action-names.ts';
import { ACTIONS, ROUTE_ACTIONS } from './action-policy.ts';
import { exclusionOf, GRANTABLE_RIGHTS, isCustomRight, rightCatalog, wholeRights } from './right-catalog.ts';
import { RIGHTS, RIGHTS_WITHOUT_ROUTE, type RightName, type RouteName } from './rights.ts';

/** Every right that no custom role may contain. A new right of these kinds must be added here after a decision. */
const EXCLUDED: Readonly<Record<string, string>> = {
  owner: `access.end-account access.end-session access.end-token accounts.create accounts.invite accounts.unlink accounts.update
    backup.export codes.create-mail-connector grants.create grants.delete groups.trust inventory-sections.change
    notification-channels.create notification-channels.delete notification-channels.rotate-secret notification-channels.test
    notification-deliveries.replay notification-rules.create notification-rules.delete notification-rules.update recovery.close
    recovery.continue-ledger recovery.resume-ledger roles.create roles.delete roles.update scripts.switch`,
  desk: `authorities.add authorities.confirm authorities.list authorities.revoke disclosures.approve disclosures.document
    disclosures.download disclosures.draft disclosures.form disclosures.list disclosures.narrow disclosures.preview
    disclosures.produce disclosures.record-refusal disclosures.refusals disclosures.refuse disclosures.show disclosures.upload
    transparency.propose transparency.sign`,
  approver: `approver-keys.register approvers.propose approvers.sign orders.approve orders.confirm-replacement orders.decline
    orders.propose orders.read-withheld orders.retract orders.revise packages.sign recovery.sign-continuation
    scripts.review time-corrections.propose time-corrections.publish time-corrections.sign`,
  names: 'orders.impact-names orders.pack-names',
};
const words = (text: string) => text.split(/\s+/).filter(Boolean).sort();

describe('rights of custom roles', () => {
  it.each(Object.entries(EXCLUDED))('the reason %s excludes exactly the listed rights', (reason, names) => {
    expect(GRANTABLE_RIGHTS.filter((name) => exclusionOf(name) === reason).sort()).toEqual(words(names));
  });

  it('no right of public routes or of the own account is grantable, and the catalog has all others once', () => {
    const listed = rightCatalog().flatMap(({ rights }) => rights.map(({ name }) => name));
    const all = (Object.keys(RIGHTS) as RightName[]).filter((name) => !/^(public|self)$/.test(RIGHTS[name].scope));
    expect([...listed].sort()).toEqual([...all].sort());
    for (const name of ['session.create', 'tokens.create', 'devices.destroy-everything']) {
      expect([name, isCustomRight(name)]).toEqual([name, false]);
    }
  });

  it('gives each right a short sentence of its own', () => {
    const texts = rightCatalog().flatMap(({ rights }) => rights.map(({ text }) => text));
    expect(texts.filter((text) => !/^[A-Z][^\n]{8,110}\.$/.test(text))).toEqual([]);
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe('wholeRights', () => {
  const whole = { group: null, area: null };
  it.each([
    ['an owner', { role: 'owner', ...whole }, 'devices.list', true],
    ['an owner', { role: 'owner', ...whole }, 'disclosures.show', false],
    ['a helpdesk', { role: 'helpdesk', ...whole }, 'commands.destroy', false],
    ['an owner of an area', { role: 'owner', group: null, area: 'FR' }, 'devices.list', false],
    ['an owner of an area', { role: 'owner', group: null, area: 'FR' }, 'orders.list', false],
    ['an owner of a group', { role: 'owner', group: 'grp_aaaaaaaaaaaaaaaa', area: null }, 'health.show', false],
  ] as const)('%s (%j) has %s: %s', (_name, grant, right, expected) => {
    expect(wholeRights([grant as never]).has(right)).toBe(expected);
  });
});

describe('destructive routes', () => {
  /** Verbs that destroy, end or replace something. A new right with such a verb needs a step-up, or a line in `WITHOUT`. */
  const DESTRUCTIVE =
    /\.(delete|remove|revoke|destroy|wipe|unenroll|retire|erase|purge|reset|replace|activate|roll-?out|roll-?back|assign|order|release|end|unlink|reject|close|resume|abort|stop|issue|issue-many|trust|merge|lost|locate|run)(-|$)/;
  /** Why a route with a destructive verb needs no step-up sign-in. */
  const WITHOUT: Partial<Record<RouteName, string>> = {
    'session.delete': 'ends the own access',
    'sessions.delete': 'ends the own access',
    'tokens.delete': 'ends the own access',
    'authorities.revoke': 'ends the use of a key, which only reduces what authorities can receive',
    'orders.rollout': 'reads how an order reaches the devices',
    'device-views.delete': 'deletes a saved filter',
    'files.delete': 'deletes a file that an admin can upload again',
    'packages.delete': 'deletes a file that an admin can upload again',
    'live-queries.remove': 'deletes the answers to the own query, which last one hour',
    'devices.remove-from-group': 'changes the members of a group, and an admin can add the devices again',
    'lost-mode.end': 'deletes coordinates, which protects the user of the device',
    'jobs.abort': 'destroys nothing, and an admin can send the command again',
  };
  const routes = (Object.keys(RIGHTS) as RightName[]).filter(
    (name): name is RouteName => !(RIGHTS_WITHOUT_ROUTE as readonly RightName[]).includes(name),
  );
  const actionsOf = (name: RouteName): readonly ActionName[] => {
    const policy = ROUTE_ACTIONS[name];
    if (policy === undefined || policy === 'harmless' || policy === 'signed') return [];
    return typeof policy === 'string' ? [policy as ActionName] : (policy as readonly ActionName[]);
  };

  it.each(routes.filter((name) => DESTRUCTIVE.test(name)))('%s needs a step-up, or has a reason', (name) => {
    const steps = actionsOf(name).map((action) => ACTIONS[action].stepUp);
    const guarded = steps.length > 0 && steps.every((step) => step === 'always' || step === 'bulk');
    expect(guarded).toBe(WITHOUT[name] === undefined);
  });

  it.each(RIGHTS_WITHOUT_ROUTE.filter((name) => DESTRUCTIVE.test(name)))(
    '%s protects only actions with step-up',
    (name) => {
      const rules = Object.values(ACTIONS).filter(({ right }) => right === name);
      expect(rules.map(({ stepUp }) => stepUp)).toEqual(rules.map(() => 'always'));
      expect(rules.length).toBeGreaterThan(0);
    },
  );

  it('finds the destructive routes of today', () => {
    expect(routes.filter((name) => DESTRUCTIVE.test(name)).length).toBeGreaterThan(30);
  });
});
