/**
 * The position that GeoClue knows (`org.freedesktop.GeoClue2` on the system bus). Its clients live as long as their connection, so each reading has one of its
 * own. What counts of its words is what satellites, Wi-Fi or its own file say. Where it has none of them it guesses by the address, which is evidence already
 * (`address`): taken for a position as well, one lie would be two sources that agree. And by mobile cells, whose country `network` says.
 */
import { setTimeout as passed } from 'node:timers/promises';
import { AbortError, ConnectionClosedError, createClient, DBusError, defineInterface } from 'dbus-native';
import { z } from 'zod';
import type { Position } from '../../shared/areas/position.ts';
import { SourceUnavailable } from './sensors.ts';

const WITHIN = 15_000;
const ASK_EVERY = 500;
/** In metres. Ichnaea, whose protocol GeoClue speaks, gives Wi-Fi at most so much and cells more; guesses by address begin at tens of kilometres. */
const COARSEST = 1_000;
/** GeoClue makes 0 m of a fix with a good geometry, which no receiver has. */
const FINEST = 30;
/** Of the service's `fallback`: by address (`ipf`), by a region of cells (`lacf`). */
const GUESS = /geoip|fallback/i;
/** It may answer from memory (`Timestamp` in its interface), and a reading is evidence of now. */
const OLDEST = 10 * 60_000;

const GEOCLUE = 'org.freedesktop.GeoClue2';
const CLIENT = `${GEOCLUE}.Client`;
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const MANAGER = ['/org/freedesktop/GeoClue2/Manager', `${GEOCLUE}.Manager`] as const;
/** The name under which geoclue.conf lets it in, as an application and as an agent. */
const OWN_NAME = 'cordon-agent';
/** GClueAccuracyLevel. */
const EXACT = 8;
const AGENT = defineInterface({
  name: `${GEOCLUE}.Agent`,
  properties: { MaxAccuracyLevel: { type: 'u', access: 'read', value: EXACT } },
});
/** No service of that name, or one that was switched off. */
const NOT_THERE = new Set(['org.freedesktop.DBus.Error.ServiceUnknown', 'org.freedesktop.systemd1.UnitMasked']);

const locationSchema = z.looseObject({
  Latitude: z.number().min(-90).max(90),
  Longitude: z.number().min(-180).max(180),
  Accuracy: z.number(),
  Description: z.string(),
  /** Seconds and microseconds. */
  Timestamp: z.tuple([z.bigint(), z.bigint()]),
});

/** Pure: the position in a location's properties; null when it is coarse, guessed or not of now. Throws for what is not GeoClue's. */
export function positionOf(location: unknown, now: number): Position | null {
  const { Latitude, Longitude, Accuracy, Description, Timestamp } = locationSchema.parse(location);
  const age = Math.abs(now - Number(Timestamp[0]) * 1000);
  if (Accuracy < 0 || Accuracy > COARSEST || age > OLDEST || GUESS.test(Description)) return null;
  return { latitude: Latitude, longitude: Longitude, accuracy: Math.max(Accuracy, FINEST) };
}

/**
 * The first position that counts; null when none comes in time. Rejects with `SourceUnavailable` where there is no GeoClue or it refuses, with the system's error
 * where there is no bus, and for what is not GeoClue's.
 */
export async function readGeoclue(busAddress: string, within = WITHIN): Promise<Position | null> {
  const began = performance.now();
  const over = AbortSignal.timeout(within);
  const bus = createClient({ busAddress, authMethods: ['EXTERNAL'], maxMessageSize: 64 * 1024 });
  // What is in flight ends with the connection, and says why.
  bus.connection.on('error', (error: Error) => bus.connection.stream.destroy(error));
  const call = <T>(path: string, name: string, member: string, signature?: string, ...body: unknown[]) =>
    bus.invoke<T>(
      { destination: GEOCLUE, path, interface: name, member, ...(signature && { signature, body }) },
      { signal: over },
    );
  /** Heard until the connection ends, and for nobody else: it has no `AuthorizeApp`. */
  const actAsAgent = async () => {
    await bus.export('/org/freedesktop/GeoClue2/Agent', AGENT);
    await call(...MANAGER, 'AddAgent', 's', OWN_NAME);
  };
  try {
    const asked = call<string>(...MANAGER, 'GetClient');
    // Since 2.7 it lets a user wait until somebody's session has brought an agent for that user. Where none comes this is one, if geoclue.conf names it;
    // not sooner, since it would take the place of the session's.
    const soon = await Promise.race([asked, passed(within / 5, null, { ref: false })]);
    if (soon === null) await actAsAgent();
    const client = soon ?? (await asked);
    await call(client, PROPERTIES, 'Set', 'ssv', CLIENT, 'DesktopId', ['s', OWN_NAME]);
    await call(client, PROPERTIES, 'Set', 'ssv', CLIENT, 'RequestedAccuracyLevel', ['u', EXACT]);
    await call(client, CLIENT, 'Start');
    // Asked, not listened to: any program may send a signal, and only GeoClue answers.
    while (performance.now() - began < within * 0.8) {
      const path = await call<string>(client, PROPERTIES, 'Get', 'ss', CLIENT, 'Location');
      const position =
        path === '/'
          ? null
          : positionOf(await call(path, PROPERTIES, 'GetAll', 's', `${GEOCLUE}.Location`), Date.now());
      if (position) return position;
      await passed(ASK_EVERY);
    }
    return null;
  } catch (error) {
    throw inOurWords(error);
  } finally {
    bus.connection.stream.destroy();
  }
}

/** A refusal in GeoClue's words, which name its reason. Nothing else in anybody's: they may hold a position. */
function inOurWords(error: unknown): unknown {
  if (error instanceof ConnectionClosedError) return error.cause ?? new Error('the bus closed the connection');
  if (error instanceof AbortError) return new Error('it does not answer');
  if (!(error instanceof DBusError)) return new Error('what answers does not speak as GeoClue does');
  const { dbusName = 'an error without a name', message } = error;
  if (dbusName === 'org.freedesktop.DBus.Error.AccessDenied') return new SourceUnavailable('refused', message);
  return NOT_THERE.has(dbusName) ? new SourceUnavailable('absent', 'not running here') : new Error(dbusName);
}
