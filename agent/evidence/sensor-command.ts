/**
 * Sensors that the company supplies as a program or a file. The output is `{"position": {"latitude", "longitude", "accuracy"}, "network":
 * "410"}`; both fields are optional. `network` is a mobile country code (ITU-T E.212). The agent logs invalid data and does not use it as
 * location evidence.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { readRegularFile } from '../regular-file.ts';
import type { Sensors, SourceState } from './sensors.ts';

const readingSchema = z.strictObject({
  position: z
    .strictObject({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      accuracy: z.number().min(0).max(20_000_000),
    })
    .nullable()
    .default(null),
  network: z
    .string()
    .regex(/^\d{3}$/)
    .nullable()
    .default(null),
});

export type SensorSource = { readonly file: string } | { readonly command: string };

/** Maximum bytes of a file or of the output of a program. */
const LARGEST = 64 * 1024;

const run = promisify(execFile);

export function sensorsFrom(source: SensorSource, onFailure: (why: string) => void): Sensors {
  const name: SourceState['name'] = 'file' in source ? 'sensor file' : 'sensor program';
  return async () => {
    try {
      const text =
        'file' in source
          ? (await readRegularFile(source.file, { most: LARGEST, followLink: true })).content.toString()
          : (await run(source.command, [], { timeout: 20_000, maxBuffer: LARGEST })).stdout;
      const reading = readingSchema.parse(JSON.parse(text));
      const idle = reading.position === null && reading.network === null;
      const detail = idle ? 'it knows neither position nor network' : '';
      return { ...reading, sources: [{ name, state: idle ? 'idle' : 'working', detail }] };
    } catch (error) {
      // The error text of the JSON parser may quote coordinates of the device. The agent uses a fixed text instead, because coordinates
      // must not reach the log.
      const malformed = error instanceof SyntaxError || error instanceof z.ZodError;
      const why = malformed
        ? 'it is not in the form that is read'
        : error instanceof Error
          ? error.message
          : String(error);
      onFailure(why);
      return { position: null, network: null, sources: [{ name, state: 'failed', detail: why.split('\n')[0] ?? '' }] };
    }
  };
}
