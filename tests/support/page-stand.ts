/** A device page over messaging in memory. The test sets the orders of its agent. */
import type { AdminMessage } from '../../agent/admin-messages/admin-messages.ts';
import type { GateView } from '../../agent/enforcement/gate-view.ts';
import type { Notice } from '../../agent/enforcement/notice-view.ts';
import { markDisplayed, nextSettings } from '../../agent/inventory/collection-settings.ts';
import { privacyView } from '../../agent/inventory/privacy-view.ts';
import type { LinkState } from '../../agent/link/link.ts';
import { ensurePage } from '../../agent/page/build.ts';
import { openPage, type Page } from '../../agent/page/page.ts';
import type { PolicyView } from '../../agent/policy/policy-work.ts';
import { delayed, type UpdateOffer } from '../../agent/work/update-offer.ts';
import { organizationFiles } from '../../agent/workspace/organization-files.ts';
import type { Section } from '../../shared/inventory/sections.ts';
import type { LostMode } from '../../shared/lost-mode/lost-mode.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { testState } from './inventory-state.ts';
import { type OpenedPrograms, openProgramsOf } from './mail-programs-of.ts';
import { gateOf, type MailDevice, MailWorld, type TestConnector } from './mail-world.ts';
import type { MemoryTalk } from './memory-talk.ts';
import { type OpenedPasscode, openPasscodeOf } from './passcode-of.ts';

const SCRIPT_THAT_RAN = {
  id: newCommandId(),
  name: 'Check the disk',
  version: 2,
  purpose: 'Finds full disks',
  reviewers: ['Ada Sörensen'],
  startedAt: Date.parse('2015-11-20T09:00:00Z'),
  finishedAt: Date.parse('2015-11-20T09:00:05Z'),
  outcome: 'done',
} as const;

const FETCHED_FILE = {
  command: newCommandId(),
  name: 'expenses.csv',
  reason: 'Expenses of the fair',
  at: Date.parse('2015-11-20T10:00:00Z'),
};

export interface PageStand {
  /** The user's mail: a real engine with a mail service in memory. */
  readonly mail: { readonly world: MailWorld; readonly device: MailDevice; readonly connector: TestConnector };
  readonly programs: OpenedPrograms;
  /** Passcode of the workspace with the user's mail. */
  readonly passcode: OpenedPasscode;
  changed(): void;
  readonly page: Page;
  /** Orders that the page reported as displayed. */
  readonly shown: string[];
  /** Sets the orders on the page. `denials`: the active orders that suspend messaging. */
  orders(notices: readonly Notice[], denials?: readonly string[]): void;
  /** Delivers an admin's message. */
  adminMessage(text: string): void;
  /** Admin messages that the page reported as displayed. */
  readonly displayed: string[];
  /** Sets the sections of the inventory that the organization has switched off. */
  collect(off: readonly Section[]): void;
  /** Sets the policy of the device, with its compliance. */
  policy(view: PolicyView): void;
  /** Turns lost mode on; null: off. */
  lose(mode: LostMode | null): void;
  /** Lost mode that the user has not ended; null if it is off. */
  lostMode(): LostMode | null;
  rename(name: string | null): void;
  /** Offers an update of the operating system to the user; null for none. */
  update(offer: UpdateOffer | null): void;
  /** Sets the idle limit of the page in minutes; null for none. */
  idle(minutes: number | null): void;
  /** Sets the state of the device's connection, and tells the page that something changed. */
  connection(state: LinkState): void;
  /** Sets the expiry time of the order list. */
  expired(since: number): void;
}

export async function standPage(talk: MemoryTalk, person: string): Promise<PageStand> {
  await ensurePage((line) => console.log(line));
  let notices: readonly Notice[] = [];
  let idleMinutes: number | null = null;
  let offer: UpdateOffer | null = null;
  let denials: readonly string[] = [];
  let policy: PolicyView = { settings: [], compliance: null };
  let connection: LinkState = 'connected';
  let lostMode: LostMode | null = null;
  let displayName: string | null = null;
  let listExpires = Date.now() + 7 * 86_400_000;
  const since = Date.now() - 3_600_000;
  const shown: string[] = [];
  const displayed: string[] = [];
  let adminMessages: readonly AdminMessage[] = [];
  let settings = nextSettings(null, ['users', 'battery'], Date.now());
  const world = new MailWorld();
  const connector = await world.connector();
  const device = await world.enroll('Ada Lovelace');
  const programs = openProgramsOf(device);
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const passcode = openPasscodeOf(device.workspace, changed);
  const messagingGate = (): GateView => ({
    service: 'messaging',
    open: denials.length === 0,
    reasons: denials.length === 0 ? ['no_order'] : ['present'],
    denials: notices
      .filter(({ order }) => denials.includes(order))
      .map(({ order, revision, title, until, appeal, statement, authoritative }) => ({
        order,
        revision,
        title,
        reasons: ['present', 'network'],
        until,
        waiting: 'hold',
        appeal,
        statement,
        authoritative,
      })),
    since,
  });
  const page = await openPage({
    power: {
      current: () => null,
      change() {
        throw new Error('no restart waits');
      },
    },
    updates: {
      current: () => offer,
      change(change) {
        if (!offer) throw new Error('no update waits');
        offer = change === 'delay' ? (delayed(offer, Date.now()) ?? offer) : { ...offer, startsAt: Date.now() };
        return offer;
      },
    },
    messaging: talk.messagingOf(person),
    mail: device.mail,
    programs: programs.service,
    files: organizationFiles(device.workspace),
    idleMinutes: () => idleMinutes,
    agent: {
      status: () => ({
        now: Date.now(),
        connection,
        listExpires,
        policy,
        displayName,
      }),
      gate: (service) => (service === 'mail' ? gateOf(device.gate) : messagingGate()),
      notices: { list: () => notices, markDisplayed: (orders) => void shown.push(...(orders ?? ['all'])) },
      adminMessages: {
        list: () => adminMessages,
        displayed(ids) {
          displayed.push(...ids);
          adminMessages = adminMessages.map((each) => (ids.includes(each.id) ? { ...each, displayed: true } : each));
          changed();
        },
      },
      privacy: {
        view: () =>
          privacyView(settings, testState('bench', [['dpkg', 'bash', '5.2', '']], { users: [], disks: [] }), []),
        displayed() {
          settings = markDisplayed(settings, Date.now());
          changed();
        },
      },
      scripts: () => ({ setting: 'on', scripts: [SCRIPT_THAT_RAN] }),
      lostMode: {
        current: () => lostMode,
        end() {
          lostMode = null;
          changed();
        },
      },
      fetchedFiles: () => [FETCHED_FILE],
      passcode: passcode.work,
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    log: { error: (facts, message) => console.error(message, facts) },
  });
  return {
    page: {
      ...page,
      async close() {
        await page.close();
        await programs.service.stop(true);
        await world.close();
      },
    },
    mail: { world, device, connector },
    programs,
    passcode,
    changed,
    shown,
    displayed,
    update(next) {
      offer = next;
      changed();
    },
    collect(off) {
      settings = nextSettings(settings, off, Date.now());
      changed();
    },
    adminMessage(text) {
      adminMessages = [...adminMessages, { id: newCommandId(), text, at: Date.now(), displayed: false }];
      changed();
    },
    orders(all, denying = []) {
      notices = all;
      denials = denying;
      if (denying.length > 0) talk.become(person, { state: 'denied', orders: denying });
      changed();
    },
    expired(since) {
      listExpires = since;
      changed();
    },
    lose(mode) {
      lostMode = mode;
      changed();
    },
    lostMode: () => lostMode,
    rename(name) {
      displayName = name;
      changed();
    },
    policy(view) {
      policy = view;
      changed();
    },
    idle(minutes) {
      idleMinutes = minutes;
    },
    connection(state) {
      connection = state;
      changed();
    },
  };
}
