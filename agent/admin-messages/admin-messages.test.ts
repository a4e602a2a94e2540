import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandId, newCommandId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import { type AgentStore, type DeviceStore, openAgentStore } from '../store/agent-store.ts';
import { createAdminMessages, type DesktopResult, readAdminMessages } from './admin-messages.ts';

const NOW = 1_000;

let file: AgentStore;
let store: DeviceStore;
let desktop: string[];
let result: DesktopResult;
let arrivals = 0;

beforeEach(() => {
  file = openAgentStore({ file: ':memory:' });
  store = file.device(newDeviceId());
  store.beginGeneration(1);
  desktop = [];
  result = 'none';
});
afterEach(() => file.close());

const adminMessages = () =>
  createAdminMessages({
    store,
    now: () => NOW,
    desktop: async (text) => {
      desktop.push(text);
      return result;
    },
    onReport: () => undefined,
    onFailure(error) {
      throw error;
    },
  });

function arrive(text: string): CommandId {
  const id = newCommandId();
  store.storeCommand({ id, command: { kind: 'message', text }, expires: NOW });
  arrivals += 1;
  store.addMessage(id, text, arrivals);
  return id;
}

const reports = (): ReportItem[] => store.unconfirmed(0, 100).map(({ item }) => item);

describe('an admin’s message', () => {
  it('is reported as displayed by the desktop that showed all of it, once', async () => {
    const id = arrive('The office is closed.');
    const messages = adminMessages();
    await messages.offerToDesktop();
    expect(reports()).toEqual([]);
    result = 'whole';
    await messages.offerToDesktop();
    await messages.offerToDesktop();
    expect(desktop).toEqual(['The office is closed.', 'The office is closed.']);
    messages.displayed([id], 'page');
    expect(reports()).toEqual([{ type: 'displayed', command: id, on: 'desktop', at: NOW }]);
    expect(messages.list()).toMatchObject([{ id, displayed: true }]);
  });

  it('is not reported by a desktop that cut the text, and is not shown there again', async () => {
    const id = arrive('x'.repeat(2_000));
    result = 'part';
    const messages = adminMessages();
    await messages.offerToDesktop();
    await messages.offerToDesktop();
    expect(desktop).toHaveLength(1);
    expect(reports()).toEqual([]);
    messages.displayed([id], 'page');
    expect(reports()).toEqual([{ type: 'displayed', command: id, on: 'page', at: NOW }]);
  });

  it('is reported by the command line, which lists it as new once', () => {
    const id = arrive('The office is closed.');
    const messages = { adminMessages: adminMessages() };
    expect(readAdminMessages(messages, false)).toMatchObject([{ id, displayed: false }]);
    expect(reports()).toEqual([]);
    expect(readAdminMessages(messages, true)).toMatchObject([{ id, displayed: false }]);
    expect(readAdminMessages(messages, true)).toMatchObject([{ id, displayed: true }]);
    expect(reports()).toEqual([{ type: 'displayed', command: id, on: 'command-line', at: NOW }]);
  });

  it('is displayed and not reported when it belongs to an earlier enrollment', () => {
    const id = arrive('The office is closed.');
    store.beginGeneration(2);
    const messages = adminMessages();
    messages.displayed([id, newCommandId()], 'page');
    expect(messages.list()).toMatchObject([{ id, displayed: true }]);
    expect(reports()).toEqual([]);
  });

  it('shows at most three messages on a desktop at a time', async () => {
    for (const text of ['1', '2', '3', '4', '5']) arrive(text);
    result = 'whole';
    await adminMessages().offerToDesktop();
    expect(desktop).toEqual(['3', '4', '5']);
  });
});
