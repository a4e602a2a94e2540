import { CordonError } from '../../shared/errors.ts';
import { type AccountId, type DeviceViewId, newDeviceViewId } from '../../shared/protocol/ids.ts';
import type { DeviceView, DeviceViewBody, DeviceViewStore } from './ports.ts';

export const MOST_VIEWS = 50;

export interface ViewChange extends DeviceViewBody {
  readonly name: string;
  readonly shared: boolean;
}

/** Saved views of the device list. A view has a filter and no devices, so each reader sees only devices of the reader's own scope. */
export function createDeviceViews(store: DeviceViewStore) {
  /** View that the account may change: its own. Throws `not_found` for a private view of another account. */
  async function own(id: DeviceViewId, account: AccountId): Promise<DeviceView> {
    const view = await readable(id, account);
    if (view.owner === account) return view;
    const detail = `${view.ownerName} owns this view. Save a copy under another name.`;
    throw new CordonError('forbidden', detail, { id });
  }

  async function readable(id: DeviceViewId, account: AccountId): Promise<DeviceView> {
    const view = await store.view(id);
    if (!view || (view.owner !== account && !view.shared)) {
      throw new CordonError('not_found', 'There is no such view. Its owner may have deleted it.', { id });
    }
    return view;
  }

  async function put(id: DeviceViewId, owner: AccountId, change: ViewChange): Promise<DeviceView> {
    await store.putView({ ...change, id, owner, changedAt: Date.now() }, MOST_VIEWS);
    return readable(id, owner);
  }

  return {
    list: store.views.bind(store),
    columns: store.columns.bind(store),
    setColumns: store.setColumns.bind(store),
    create: (owner: AccountId, change: ViewChange) => put(newDeviceViewId(), owner, change),
    async update(id: DeviceViewId, account: AccountId, change: ViewChange) {
      await own(id, account);
      return put(id, account, change);
    },
    /** Deletes a view. `any`: true if the account may also delete shared views of others. */
    async remove(id: DeviceViewId, account: AccountId, any: boolean) {
      await (any ? readable(id, account) : own(id, account));
      await store.deleteView(id);
    },
  };
}
