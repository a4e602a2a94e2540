import { describe, expect, it } from 'vitest';
import { acceptedBefore, type DenialView, type GateView, restrict } from './gate-view.ts';

const gate = (service: GateView['service'], denials: readonly DenialView[] = []): GateView => ({
  service,
  open: denials.length === 0,
  reasons: [],
  denials,
  since: 10,
});
const denial: DenialView = {
  order: '2015-001',
  revision: 1,
  title: '',
  reasons: ['present'],
  until: null,
  waiting: 'deliver',
  appeal: '',
  statement: {},
  authoritative: null,
};

describe('restriction by a policy', () => {
  it.each(['messaging', 'mail'] as const)('closes the gate of %s, and lets no message through', (service) => {
    const view = restrict(gate(service), 20);
    expect(view).toMatchObject({ open: false, since: 20, restricted: 20, denials: [] });
    expect(acceptedBefore(view)).toBeNull();
    expect(restrict(gate(service), null)).toEqual(gate(service));
  });

  it('leaves other services and the reasons of an order alone', () => {
    expect(restrict(gate('management'), 20)).toEqual(gate('management'));
    const suspended = gate('messaging', [denial]);
    expect(acceptedBefore(suspended)).toBe(10);
    const both = restrict(suspended, 20);
    expect(both).toEqual({ ...suspended, restricted: 20 });
    // The order would deliver earlier messages. The restriction does not.
    expect(acceptedBefore(both)).toBeNull();
  });
});
