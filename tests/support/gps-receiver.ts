/** A GPS receiver at a fixed place: a real gpsd, which reads the NMEA 0183 data of a receiver from gpsfake. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from './tools.ts';

/** For `it.skipIf(!gpsfake.present)`. */
export const gpsfake = tool('gpsfake', 'apt-get install gpsd gpsd-clients');

export interface Place {
  /** Degrees north of the equator. */
  readonly latitude: number;
  /** Degrees east of Greenwich. */
  readonly longitude: number;
}

/** Starts gpsd on a port of loopback. It repeats one minute of data until the returned process ends. `folder`: for the file of data. */
export function startReceiver(folder: string, port: number, place: Place): ChildProcess {
  const data = join(folder, 'receiver.nmea');
  writeFileSync(data, minuteAt(place));
  return spawn('gpsfake', ['-q', '-n', '-P', String(port), '-c', '0.3', data], { stdio: 'ignore' });
}

function minuteAt({ latitude, longitude }: Place): string {
  const where = `${coordinate(latitude, 2)},N,${coordinate(longitude, 3)},E`;
  return Array.from({ length: 60 }, (_, second) => {
    const at = `1200${String(second).padStart(2, '0')}.00`;
    return [
      `GPGGA,${at},${where},1,08,0.9,10.0,M,-40.0,M,,`,
      'GPGSA,A,3,01,02,03,04,05,06,07,08,,,,,1.6,0.9,1.3',
      'GPGSV,2,1,08,01,40,083,46,02,17,308,41,03,07,344,39,04,22,228,45',
      'GPGSV,2,2,08,05,62,120,46,06,30,200,41,07,50,010,39,08,12,270,45',
      `GPRMC,${at},A,${where},0.0,0.0,251126,,,A`,
    ].map(sentence);
  })
    .flat()
    .join('');
}

/** Degrees and minutes without a separator, such as 2451.6600000. */
function coordinate(value: number, digitsOfDegrees: number): string {
  const degrees = Math.floor(value);
  const minutes = ((value - degrees) * 60).toFixed(7).padStart(10, '0');
  return `${String(degrees).padStart(digitsOfDegrees, '0')}${minutes}`;
}

function sentence(text: string): string {
  const sum = [...text].reduce((check, letter) => check ^ letter.charCodeAt(0), 0);
  return `$${text}*${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`;
}
