/**
 * HTTPS requests on the device listener. This module finds the route, identifies the device by its client certificate, and converts errors
 * into problem responses (RFC 9457).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { LINK_PATH } from '../../shared/protocol/frames.ts';
import type { DeviceRoute } from './device-route.ts';
import { identify } from './identity.ts';
import type { DevicesPort, Log, NamesPort, RecoveryPort } from './ports.ts';
import { type HttpResponse, refusalOf, respond } from './refusals.ts';

/** Maximum number of concurrent requests of one device, because each response uses memory. */
const MOST_AT_ONCE = 16;

export interface DeviceHttpPorts {
  readonly devices: Pick<DevicesPort, 'identify'>;
  readonly names: NamesPort;
  readonly recovery: Pick<RecoveryPort, 'acceptReturningDevice'>;
  readonly routes: readonly DeviceRoute[];
  readonly operatorUrl: string | null;
  readonly log: Log;
}

export function createDeviceHttp({ devices, names, recovery, routes, operatorUrl, log }: DeviceHttpPorts) {
  const byName = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));

  const underWay = new Map<string, number>();
  function begin(device: string, response: ServerResponse): void {
    const own = underWay.get(device) ?? 0;
    if (own >= MOST_AT_ONCE) {
      const detail = `A device may make at most ${MOST_AT_ONCE} requests at one time. Try again when one has ended.`;
      throw new CordonError('unavailable', detail, { retryAfter: 2 });
    }
    if (response.closed) return;
    underWay.set(device, own + 1);
    response.once('close', () => {
      const remaining = (underWay.get(device) ?? 1) - 1;
      if (remaining > 0) underWay.set(device, remaining);
      else underWay.delete(device);
    });
  }

  async function responseTo(request: IncomingMessage, response: ServerResponse): Promise<HttpResponse> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'https://device');
    const identity = await identify(devices, request.socket, recovery);
    names.record(request.headers.host);
    begin(identity.device, response);
    const { method } = request;
    const whole = byName.get(`${method} ${pathname}`);
    if (whole) return whole.respond({ identity, request, query, id: '' });
    const last = pathname.lastIndexOf('/') + 1;
    const one = byName.get(`${method} ${pathname.slice(0, last)}:id`);
    if (one) return one.respond({ identity, request, query, id: pathname.slice(last) });
    if (`${method} ${pathname}` === `GET ${LINK_PATH}`) return UPGRADE_REQUIRED;
    throw new CordonError('not_found', 'The device listener has no such path. The link is GET /link with an upgrade.');
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    responseTo(request, response)
      .catch((error: unknown) => {
        // Omit the query from the logged URL: a query can contain the name of a person that a user searched for.
        const [path] = (request.url ?? '').split('?', 1);
        if (!isCordonError(error)) log.error({ error: String(error), path }, 'a device request failed');
        return refusalOf(error, operatorUrl);
      })
      .then((made) => respond(response, made))
      .catch((error: unknown) => {
        log.debug({ error: String(error) }, 'a device disconnected before its response');
        response.destroy();
      });
  };
}

/** Status 426 means Upgrade Required (RFC 9110, section 15.5.22). */
const UPGRADE_REQUIRED: HttpResponse = {
  status: 426,
  headers: { Upgrade: 'websocket', Connection: 'Upgrade', 'Cache-Control': 'no-store' },
  body: '',
};
