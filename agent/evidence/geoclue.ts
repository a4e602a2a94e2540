/**
 * Positions from GeoClue (`org.freedesktop.GeoClue2` on the D-Bus system bus). The agent ignores positions that GeoClue guesses from the IP
 * address or mobile cells: the evidence sources `address` and `network` already contain this information, and one wrong source must not
 * count twice.
 */
import { setTimeout as passed } from 'node:timers/promises';
import { AbortError, ConnectionClosedError, createClient, DBusError, defineInterface } from 'dbus-native';
import { z } from 'zod';
import type { Position } from '../../shared/areas/position.ts';
import { SourceUnavailable } from './sensors.ts';

const WITHIN = 15_000;
const POLL_EVERY = 500;
/**
 * Maximum inaccuracy in meters. Positions from Wi-Fi are more accurate than this; positions from cells and IP addresses are less accurate.
 */
const COARSEST = 1_000;
/** Minimum inaccuracy in meters. GeoClue rounds a good fix to 0 m, which no receiver reaches. */
const FINEST = 30;
/** GeoClue's names of sources that guess: from the IP address (`ipf`), or from a region of mobile cells (`lacf`). */
const GUESS = /geoip|fallback/i;
/** Maximum age of a fix in milliseconds. GeoClue may return an old fix, which does not prove the current location. */
const OLDEST = 10 * 60_000;

const GEOCLUE = 'org.freedesktop.GeoClue2';
const CLIENT = `${GEOCLUE}.Client`;
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const MANAGER = ['/org/freedesktop/GeoClue2/Manager', `${GEOCLUE}.Manager`] as const;
const OWN_NAME = 'cordon-agent';
const EXACT = 8;
const AGENT = defineInterface({
  name: `${GEOCLUE}.Agent`,
  properties: { MaxAccuracyLevel: { type: 'u', access: 'read', value: EXACT } },
});
const UNAVAILABLE_ERRORS = new Set([
  'org.freedesktop.DBus.Error.ServiceUnknown',
  'org.freedesktop.systemd1.UnitMasked',
]);

const locationSchema = z.looseObject({
  Latitude: z.number().min(-90).max(90),
  Longitude: z.number().min(-180).max(180),
  Accuracy: z.number(),
  Description: z.string(),
  Timestamp: z.tuple([z.bigint(), z.bigint()]),
});

/**
 * Position from the properties of a GeoClue location; null if the position is inaccurate, guessed or old. Throws for invalid properties.
 */
export function positionOf(location: unknown, now: number): Position | null {
  const { Latitude, Longitude, Accuracy, Description, Timestamp } = locationSchema.parse(location);
  const age = Math.abs(now - Number(Timestamp[0]) * 1000);
  if (Accuracy < 0 || Accuracy > COARSEST || age > OLDEST || GUESS.test(Description)) return null;
  return { latitude: Latitude, longitude: Longitude, accuracy: Math.max(Accuracy, FINEST) };
}

/**
 * The first valid position, or null if no position arrives in time. Rejects with `SourceUnavailable` if GeoClue is missing or refuses
 * access.
 */
export async function readGeoclue(busAddress: string, within = WITHIN): Promise<Position | null> {
  const began = performance.now();
  const over = AbortSignal.timeout(within);
  const bus = createClient({ busAddress, authMethods: ['EXTERNAL'], maxMessageSize: 64 * 1024 });
  // A connection error closes the connection, which rejects all calls in progress.
  bus.connection.on('error', (error: Error) => bus.connection.stream.destroy(error));
  const call = <T>(path: string, name: string, member: string, signature?: string, ...body: unknown[]) =>
    bus.invoke<T>(
      { destination: GEOCLUE, path, interface: name, member, ...(signature && { signature, body }) },
      { signal: over },
    );
  const actAsAgent = async () => {
    await bus.export('/org/freedesktop/GeoClue2/Agent', AGENT);
    await call(...MANAGER, 'AddAgent', 's', OWN_NAME);
  };
  try {
    const requested = call<string>(...MANAGER, 'GetClient');
    // Since version 2.7, GeoClue does not respond to a client without an authorization agent in the user's session. After a short wait,
    // this client therefore registers itself as the agent. An earlier registration would replace the session's own agent.
    const soon = await Promise.race([requested, passed(within / 5, null, { ref: false })]);
    if (soon === null) await actAsAgent();
    const client = soon ?? (await requested);
    await call(client, PROPERTIES, 'Set', 'ssv', CLIENT, 'DesktopId', ['s', OWN_NAME]);
    await call(client, PROPERTIES, 'Set', 'ssv', CLIENT, 'RequestedAccuracyLevel', ['u', EXACT]);
    await call(client, CLIENT, 'Start');
    // This client polls and does not wait for signals, because any program can send a signal, but only GeoClue answers a call.
    while (performance.now() - began < within * 0.8) {
      const path = await call<string>(client, PROPERTIES, 'Get', 'ss', CLIENT, 'Location');
      const position =
        path === '/'
          ? null
          : positionOf(await call(path, PROPERTIES, 'GetAll', 's', `${GEOCLUE}.Location`), Date.now());
      if (position) return position;
      await passed(POLL_EVERY);
    }
    return null;
  } catch (error) {
    throw withKnownReason(error);
  } finally {
    bus.connection.stream.destroy();
  }
}

/** GeoClue's error text may contain a position, so the agent uses its own text for most errors. */
function withKnownReason(error: unknown): unknown {
  if (error instanceof ConnectionClosedError) return error.cause ?? new Error('the bus closed the connection');
  if (error instanceof AbortError) return new Error('it does not answer');
  if (!(error instanceof DBusError)) return new Error('the response does not follow GeoClue’s interface');
  const { dbusName = 'an error without a name', message } = error;
  if (dbusName === 'org.freedesktop.DBus.Error.AccessDenied') return new SourceUnavailable('refused', message);
  return UNAVAILABLE_ERRORS.has(dbusName) ? new SourceUnavailable('absent', 'not running here') : new Error(dbusName);
}
