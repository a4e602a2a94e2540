/** Share of a device with which an admin can reset the passcode of its workspace. */
import { passcodeShareBody } from '../../shared/protocol/device-http.ts';
import { bodyOf, type DeviceRoute } from './device-route.ts';
import type { CommandsPort } from './ports.ts';

/** Maximum bytes of the request. */
const LARGEST_BODY = 1024;

export const passcodeRoutes = (commands: Pick<CommandsPort, 'addPasscodeShare'>): DeviceRoute[] => [
  {
    method: 'POST',
    path: '/device/passcode-share',
    async respond({ identity, request }) {
      const { share } = await bodyOf(passcodeShareBody, request, 'a share of the workspace key', LARGEST_BODY);
      await commands.addPasscodeShare(identity.device, share);
      return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: '' };
    },
  },
];
