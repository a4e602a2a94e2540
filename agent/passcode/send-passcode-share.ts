import { CordonError } from '../../shared/errors.ts';
import { type DeviceListener, orUnavailable } from '../link/http.ts';

/** Sends the share for a reset of the passcode. Resolves when the server has stored it durably. */
export async function sendPasscodeShare({ deviceUrl, http }: DeviceListener, share: Buffer): Promise<void> {
  const { status } = await orUnavailable(
    http()(new URL('/device/passcode-share', deviceUrl()), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ share: share.toString('base64') }),
    }),
  );
  if (status === 204) return;
  throw new CordonError(
    'unavailable',
    `The server did not take the share for a reset of the passcode (HTTP status ${status}). Try again when the device is connected.`,
  );
}
