import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import { deviceActionImpact, type deviceActionPreview } from '../../../../shared/api/device-actions.ts';
import { call } from '../../client/call.ts';
import type { Chosen } from './affected-devices.ts';

type Preview = z.input<typeof deviceActionPreview>;
export type Selection = Pick<Preview, 'devices' | 'filter'>;

/** Selection of the request. Unlike a command, an action on records also concerns devices whose enrollment has ended. */
export function selectionOf(chosen: Chosen): Selection {
  if (chosen.kind === 'some') return { devices: chosen.devices.map(({ id }) => id) };
  return { filter: Object.fromEntries(Object.entries(chosen.filter).filter(([, value]) => value !== undefined)) };
}

/**
 * Preview of an action by the server; null while there is no request. The query key begins with the topic `devices`, so that the query is
 * repeated after a change of devices.
 */
export const useActionPreview = (request: Preview | null) =>
  useQuery({
    queryKey: ['devices', 'action-preview', request],
    queryFn: ({ signal }) => call('POST', '/device-actions/preview', deviceActionImpact, request ?? {}, signal),
    enabled: request !== null,
    placeholderData: keepPreviousData,
  });
