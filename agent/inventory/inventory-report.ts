/**
 * Reports of the inventory to the server: at the start of the agent, every few hours, and when an admin asks. A report is the difference
 * from the state that the server acknowledged last. At most one report waits in the outbox: a newer one replaces it.
 */
import type { Missing } from '../../shared/inventory/inventory.ts';
import type { InventoryReport, InventoryState } from '../../shared/inventory/report.ts';
import { SECTION_TEXTS, SECTIONS, type Section } from '../../shared/inventory/sections.ts';
import type { ReceivedQuery } from '../work/query/answer-query.ts';
import type { CollectInventory } from './collect.ts';
import {
  type CollectionSettings,
  markDisplayed,
  nextSettings,
  reportedSections,
  undisplayed,
} from './collection-settings.ts';
import { differenceOf, digestOf } from './difference.ts';
import { type PrivacyView, privacyView } from './privacy-view.ts';

export interface InventoryStore {
  collectionSettings(): CollectionSettings | null;
  saveCollectionSettings(settings: CollectionSettings): void;
  /** State that the server has acknowledged in this enrollment; null if it has none. */
  acknowledgedInventory(): InventoryState | null;
  /** True while a report waits for the server's confirmation. */
  inventoryWaits(): boolean;
  /** Puts a report into the outbox, where it replaces a waiting one. `after`: inventory that the server has after the report. */
  reportInventory(report: InventoryReport, after: InventoryState): void;
  /** Forgets the acknowledged state and the waiting report, so that the next report is complete. */
  forgetInventory(): void;
}

/** Milliseconds between two collections, on average. Each device chooses its own time, so that a fleet does not report together. */
const EVERY = 4 * 3_600_000;
/** Minimum milliseconds between two complete reports that the server asks for. */
const COMPLETE_EVERY = 60_000;

export interface InventoryReporting {
  /** Called with the server's list of switched-off sections. The first list after the agent's start also starts the first report. */
  sectionsReceived(off: readonly Section[]): void;
  /** Called when the server lacks the inventory on which the last report was based. The next report is then complete. */
  completeWanted(): void;
  /** Collects and reports the inventory now. Rejects if the collection fails. */
  refresh(): Promise<void>;
  /** Collects and reports the inventory if the time has come, and offers undisplayed changes of the collection to the desktop. */
  maintain(): Promise<void>;
  /** Called when the server has confirmed reports. Sends the rest of a large change. */
  confirmed(): void;
  /** Returns the view of collected data for the user. `queries`: live queries that the device has received. */
  privacy(queries: readonly ReceivedQuery[]): PrivacyView;
  /** Called when the device has displayed the list of collected sections to its user. */
  displayed(): void;
}

export function createInventoryReport({
  store,
  collect,
  isConnected,
  announce,
  onReport,
  onFailure,
  now = Date.now,
}: {
  readonly store: InventoryStore;
  readonly collect: CollectInventory;
  readonly isConnected: () => boolean;
  /** Shows a text on the user's desktop. Returns true when a desktop displayed it. */
  readonly announce: ((text: string) => Promise<boolean>) | undefined;
  readonly onReport: () => void;
  readonly onFailure: (error: unknown) => void;
  readonly now?: () => number;
}): InventoryReporting {
  let latest: InventoryState | null = null;
  let due: number | null = null;
  let lastComplete = Number.NEGATIVE_INFINITY;
  let started = false;
  let announcing: Promise<void> | null = null;

  const logged = (work: () => void) => {
    try {
      work();
    } catch (error) {
      onFailure(error);
    }
  };

  function send(): void {
    // While connected, the device sends no new report before the server confirms the last one. The server may already have that report, and
    // the next report must be based on it.
    if (latest === null || (isConnected() && store.inventoryWaits())) return;
    const difference = differenceOf(store.acknowledgedInventory(), latest, now());
    if (difference === null) return;
    store.reportInventory(difference.report, difference.after);
    onReport();
  }

  function sendUnchanged(): void {
    const state = store.acknowledgedInventory();
    if (state === null) return;
    const digest = digestOf(state);
    store.reportInventory({ at: now(), base: digest, digest, sections: {}, missing: state.missing }, state);
    onReport();
  }

  async function refresh(): Promise<void> {
    const settings = store.collectionSettings();
    // Before the first connection, the agent does not know which sections are off, so it reports none.
    if (settings === null) return;
    due = now() + EVERY * (0.75 + Math.random() / 2);
    const wanted = reportedSections(settings);
    const collected = await collect(wanted);
    const current = store.collectionSettings() ?? settings;
    latest = withReasons(collected, current);
    send();
    // If nothing changed, a short report tells the server that its inventory is still current.
    if (!store.inventoryWaits()) sendUnchanged();
  }

  const refreshLogged = () => refresh().catch(onFailure);

  /** Tells the user about newly collected sections. If the display fails, the next maintenance round tries again. */
  async function offer(): Promise<void> {
    const settings = store.collectionSettings();
    const sections = settings ? undisplayed(settings) : [];
    if (sections.length === 0 || !announce) return;
    const titles = sections.map((section) => SECTION_TEXTS[section].title).join(', ');
    if (await announce(`Your organization now also collects: ${titles}. Details: cordon-agent privacy`)) displayed();
  }

  function offerOnce(): Promise<void> {
    announcing ??= offer()
      .catch(onFailure)
      .finally(() => {
        announcing = null;
      });
    return announcing;
  }

  function displayed(): void {
    const settings = store.collectionSettings();
    if (!settings || undisplayed(settings).length === 0) return;
    store.saveCollectionSettings(markDisplayed(settings, now()));
    void refreshLogged();
  }

  return {
    sectionsReceived(off) {
      logged(() => {
        const stored = store.collectionSettings();
        const next = nextSettings(stored, off, now());
        if (JSON.stringify(next) !== JSON.stringify(stored)) store.saveCollectionSettings(next);
        const isChanged = stored === null || JSON.stringify(next.off) !== JSON.stringify(stored.off);
        void offerOnce();
        if (started && !isChanged) return;
        started = true;
        void refreshLogged();
      });
    },
    completeWanted() {
      if (now() - lastComplete < COMPLETE_EVERY) return;
      lastComplete = now();
      logged(() => {
        store.forgetInventory();
        if (latest === null) void refreshLogged();
        else send();
      });
    },
    refresh,
    async maintain() {
      await offerOnce();
      if (due !== null && now() >= due) await refreshLogged();
    },
    confirmed: () => logged(send),
    privacy: (queries) => privacyView(store.collectionSettings(), latest ?? store.acknowledgedInventory(), queries),
    displayed: () => logged(displayed),
  };
}

/** Adds the reasons for sections that were not collected, and removes sections that were switched off during the collection. */
function withReasons({ sections, missing, software }: InventoryState, settings: CollectionSettings): InventoryState {
  const allowed = reportedSections(settings);
  const reasons: Missing = { ...missing };
  const kept = { ...sections };
  for (const section of SECTIONS) {
    if (allowed.has(section)) continue;
    reasons[section] = settings.off.includes(section) ? 'off' : 'not-displayed';
    if (section !== 'software' && section !== 'queries') delete kept[section];
  }
  return { sections: kept, missing: reasons, software: allowed.has('software') ? software : [] };
}
