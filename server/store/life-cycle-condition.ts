import { type RawBuilder, sql } from 'kysely';
import type { LifeCycleState } from '../devices/life-cycle.ts';

const WORKSPACE = sql`coalesce((select w.state from device_workspaces w
  where w.device_id = devices.id and w.generation = devices.generation), 'open')`;
const IN_USE = sql`devices.status = 'active' and devices.missing_since is null`;

/** SQL condition: the device is in this state of the life cycle. `server/devices/life-cycle.ts` has the same rule for single devices. */
export function isInState(state: LifeCycleState): RawBuilder<boolean> {
  switch (state) {
    case 'deleted':
      return sql<boolean>`1 = 0`;
    case 'retired':
      return sql<boolean>`devices.retired_at is not null`;
    case 'ended':
      return sql<boolean>`(devices.status <> 'active' and devices.retired_at is null)`;
    case 'missing':
      return sql<boolean>`(devices.status = 'active' and devices.missing_since is not null)`;
    case 'active':
      return sql<boolean>`(${IN_USE} and ${WORKSPACE} in ('open', 'passcode'))`;
    case 'locked':
    case 'wiped':
      return sql<boolean>`(${IN_USE} and ${WORKSPACE} = ${state})`;
  }
}
