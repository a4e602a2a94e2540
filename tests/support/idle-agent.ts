import { privacyView } from '../../agent/inventory/privacy-view.ts';
import type { PagePorts } from '../../agent/page/app.ts';

/** Agent of a device page: connected, without orders, messages, scripts or files. */
export const IDLE_AGENT = {
  status: () => ({
    now: 1,
    connection: 'connected',
    listExpires: null,
    policy: { settings: [], compliance: null },
    displayName: 'Reception',
  }),
  gate: () => ({ service: 'messaging', open: true, reasons: ['no_order'], denials: [], since: 0 }),
  adminMessages: { list: () => [], displayed: () => undefined },
  scripts: () => ({ setting: 'on', scripts: [] }),
  fetchedFiles: () => [],
  privacy: { view: () => privacyView(null, null, []), displayed: () => undefined },
} as const satisfies Partial<PagePorts['agent']>;
