/** Requests of the agent to the system helper. `settings.test.ts` of the helper and the end-to-end test use the real helper. */
import { expect, it } from 'vitest';
import type { AppliedSetting } from '../../shared/policy/system-settings.ts';
import { until } from '../../tests/support/until.ts';
import type { HelperRequest, HelperResponse } from '../system-helper/requests.ts';
import { systemHelper } from '../work/system-helper-client.ts';
import { createSettingApplication } from './applied-settings.ts';

const FIREWALL = { setting: 'firewall.enabled', value: 'true' };
const failing = { setting: 'firewall.enabled', status: 'not-met', detail: 'nftables has no chain for input.' } as const;
const result = (outcome: AppliedSetting['outcome'], detail = ''): HelperResponse => ({
  outcome: 'settings',
  settings: [{ setting: 'firewall.enabled', outcome, detail, check: { status: 'met', detail: 'It blocks.' } }],
});

function world(patience?: number) {
  const requests: HelperRequest[] = [];
  const waiting: ((response: HelperResponse) => void)[] = [];
  const repairs: string[] = [];
  const kept: string[] = [];
  let late = 0;
  const application = createSettingApplication({
    ask: (request) => {
      requests.push(request);
      return new Promise((resolve) => waiting.push(resolve));
    },
    onRepair: (setting) => repairs.push(setting),
    onKept: ({ setting, detail }) => kept.push(`${setting}: ${detail}`),
    onLate: () => late++,
    patience,
  });
  return {
    application,
    requests,
    repairs,
    kept,
    late: () => late,
    answer: (response: HelperResponse) => waiting.shift()?.(response),
  };
}

it('sends known values only, and an empty list without a policy', async () => {
  const { application, requests, answer } = world();
  const values = [
    FIREWALL,
    { setting: 'usb-storage.blocked', value: '"new"' },
    { setting: 'agent.log-level', value: '"info"' },
  ];
  for (const settings of [values, []]) {
    const applied = application.apply(settings);
    answer({ outcome: 'settings', settings: [] });
    await applied;
  }
  expect(requests).toEqual([
    { op: 'apply-settings', settings: { 'firewall.enabled': true } },
    { op: 'apply-settings', settings: {} },
  ]);
});

it('uses the check of the helper only if the agent could not check, and says why a setting is not applied', async () => {
  const { application, answer } = world();
  const round = async (response: HelperResponse) => {
    const applied = application.apply([FIREWALL]);
    answer(response);
    await applied;
  };
  await round(result('applied'));
  const unknown = { ...failing, status: 'unknown', detail: 'The rules cannot be read.' } as const;
  expect(application.complete(unknown)).toEqual({ ...failing, status: 'met', detail: 'It blocks.', applied: true });
  expect(application.complete(failing)).toEqual({ ...failing, applied: true });
  await round(result('not-permitted', 'The owner does not permit it.'));
  expect(application.complete(failing).detail).toBe('nftables has no chain for input. The owner does not permit it.');
  await round({ outcome: 'failed', code: 'invalid_input', steps: [], detail: 'Update the helper.' });
  expect(application.complete(failing).detail).toMatch(/The system helper refused the settings\. Update the helper\.$/);
});

it('sends files of the system only, and leaves unreadable files of the user unknown', async () => {
  const { application, requests, answer } = world();
  const file = (path: string) => ({ path, text: 'a', owner: null, mode: '0644', reload: null });
  const unreadable = { setting: 'files.content', status: 'unknown', detail: 'It cannot be read.' } as const;
  const response: HelperResponse = {
    outcome: 'settings',
    settings: [{ setting: 'files.content', outcome: 'applied', detail: '', check: { status: 'met', detail: '' } }],
  };
  for (const [paths, status] of [
    [['/etc/demo/a', '~/a'], 'unknown'],
    [['/etc/demo/a'], 'met'],
  ] as const) {
    const applied = application.apply([{ setting: 'files.content', value: JSON.stringify(paths.map(file)) }]);
    answer(response);
    await applied;
    expect(application.complete(unreadable).status).toBe(status);
  }
  expect(requests[0]).toEqual({ op: 'apply-settings', settings: { 'files.content': [file('/etc/demo/a')] } });
});

it('does not wait for a slow helper, asks nothing meanwhile, and starts another round afterward', async () => {
  const { application, requests, late, answer } = world(1);
  await application.apply([FIREWALL]);
  expect(application.complete(failing).detail).toMatch('The device is changing its settings.');
  await application.apply([]);
  expect(requests).toHaveLength(1);
  expect(late()).toBe(0);
  answer(result('applied'));
  await until(() => expect(late()).toBeGreaterThan(0));
});

it('reports a repair once an hour, and asks for nothing but the reversal after the end of the enrollment', async () => {
  const { application, requests, repairs, answer } = world();
  for (let round = 0; round < 2; round++) {
    const applied = application.apply([FIREWALL]);
    answer(result('repaired'));
    await applied;
  }
  expect(repairs).toEqual(['firewall.enabled']);
  const released = application.release();
  answer({ outcome: 'settings', settings: [] });
  await released;
  await application.apply([FIREWALL]);
  expect(requests.slice(2)).toEqual([{ op: 'apply-settings', settings: {} }]);
});

it('says that the system helper is not installed', async () => {
  const ask = systemHelper('/nonexistent/socket');
  const application = createSettingApplication({
    ask,
    onRepair: () => undefined,
    onKept: () => undefined,
    onLate: () => undefined,
  });
  await application.apply([FIREWALL]);
  expect(application.complete(failing).detail).toMatch(/because the system helper is not installed\.$/);
  expect(application.complete({ ...failing, status: 'met' }).detail).toBe(failing.detail);
});

it('reports each change that the device keeps, except at the end of the enrollment', async () => {
  const { application, kept, answer } = world();
  const changes = [{ setting: 'software.forbidden', detail: 'The device had removed telnet.' } as const];
  const applied = application.apply([]);
  answer({ outcome: 'settings', settings: [], kept: changes });
  await applied;
  expect(kept).toEqual(['software.forbidden: The device had removed telnet.']);
  const released = application.release();
  answer({ outcome: 'settings', settings: [], kept: changes });
  await released;
  expect(kept).toHaveLength(1);
});
