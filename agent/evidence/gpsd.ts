/**
 * Positions from gpsd (JSON lines over TCP; `gpsd_json(5)`), only on loopback. A fix without an error estimate does not count as a
 * position.
 */
import { connect } from 'node:net';
import { z } from 'zod';
import type { Position } from '../../shared/areas/position.ts';

/** Milliseconds to wait for a position report. A receiver sends a report every second, even if it has no position. */
const WITHIN = 6_000;
const LONGEST_LINE = 64 * 1024;

const classSchema = z.looseObject({ class: z.string() });
/** TPV report of gpsd (time, position, velocity). `mode` 2 and 3 mean a fix. Errors are in meters, at 95 % confidence. */
const fixSchema = z.looseObject({
  mode: z.int(),
  lat: z.number().min(-90).max(90).optional(),
  lon: z.number().min(-180).max(180).optional(),
  eph: z.number().min(0).optional(),
  epx: z.number().min(0).optional(),
  epy: z.number().min(0).optional(),
});

export function positionIn(line: string): Position | null {
  const json: unknown = JSON.parse(line);
  if (classSchema.parse(json).class !== 'TPV') return null;
  const { mode, lat, lon, eph, epx, epy } = fixSchema.parse(json);
  const error = eph ?? (epx !== undefined && epy !== undefined ? Math.hypot(epx, epy) : undefined);
  if (mode < 2 || lat === undefined || lon === undefined || error === undefined) return null;
  return { latitude: lat, longitude: lon, accuracy: error };
}

/** The first fix; null if the receiver has no fix. Rejects if gpsd is not running or its data is invalid. */
export function readGpsd(port: number, within = WITHIN): Promise<Position | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let rest = '';
    const end = (settle: () => void) => {
      clearTimeout(deadline);
      socket.destroy();
      settle();
    };
    const deadline = setTimeout(() => end(() => resolve(null)), within);
    socket.setEncoding('utf8');
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('close', () => end(() => reject(new Error('gpsd closed the connection'))));
    socket.once('connect', () => socket.write('?WATCH={"enable":true,"json":true};\n'));
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      try {
        if (rest.length > LONGEST_LINE) throw new Error('a line without an end');
        for (const line of lines) {
          const position = line.trim() === '' ? null : positionIn(line);
          if (position) return end(() => resolve(position));
        }
      } catch {
        // The error text of the JSON parser may quote coordinates of the device. The agent uses a fixed text instead, because coordinates
        // must not reach the log.
        end(() => reject(new Error('the program on this port does not use gpsd’s protocol')));
      }
    });
  });
}
