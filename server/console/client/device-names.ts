/** Names of devices by device id. One request fetches all names that components need at the same time. */
import { useQuery } from '@tanstack/react-query';
import { deviceNames, MOST_NAMES } from '../../../shared/api/devices.ts';
import { call, withQuery } from './call.ts';
import { useMay } from './session.tsx';

export interface DeviceName {
  readonly user: string;
  readonly hostname: string | null;
  readonly displayName: string | null;
}

type Names = Readonly<Record<string, DeviceName>>;

let gathering: { readonly ids: Set<string>; readonly names: Promise<Names> } | null = null;

function gather(): NonNullable<typeof gathering> {
  const ids = new Set<string>();
  const names = new Promise<void>((resolve) => setTimeout(resolve)).then(() => {
    gathering = null;
    return call('GET', withQuery('/device-names', { ids: [...ids].join(',') }), deviceNames).then(
      ({ devices }) => devices,
    );
  });
  return { ids, names };
}

async function nameOf(device: string): Promise<DeviceName | null> {
  if (gathering === null || gathering.ids.size >= MOST_NAMES) gathering = gather();
  gathering.ids.add(device);
  return (await gathering.names)[device] ?? null;
}

/** Name of the device; undefined while the request runs, null if the device is outside the scope of the admin's role. */
export function useDeviceName(device: string): DeviceName | null | undefined {
  const may = useMay();
  const query = useQuery({
    queryKey: ['', 'device-name', device],
    queryFn: () => nameOf(device),
    staleTime: 60_000,
    enabled: may('devices.names'),
  });
  if (!may('devices.names') || query.isError) return null;
  return query.data;
}
