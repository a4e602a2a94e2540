/**
 * What this machine senses by itself, where no program or file of a company does: gpsd, GeoClue and ModemManager, where they run. On other systems than
 * Linux there is no honest source that needs no consent of the person at the screen, so there is none. A source that fails is no evidence.
 */
import { readGeoclue } from './geoclue.ts';
import { readGpsd } from './gpsd.ts';
import { readModem } from './modem-manager.ts';
import { type Sensors, type SourceState, SourceUnavailable } from './sensors.ts';

interface MachineSensors {
  readonly platform: NodeJS.Platform;
  /** 0: gpsd is not asked. */
  readonly gpsdPort: number;
  /** The address of the system bus, where GeoClue is asked; null: it is not. */
  readonly geoclueBus: string | null;
  /** Of a source that is there and does not work. */
  readonly onFailure: (why: string) => void;
}

/** Nothing is there to be asked. */
const ABSENT = new Set(['ECONNREFUSED', 'ENOENT']);

export function machineSensors({ platform, gpsdPort, geoclueBus, onFailure }: MachineSensors): Sensors {
  async function ask<T>(
    name: SourceState['name'],
    read: () => Promise<T | null>,
    idle: string,
  ): Promise<[T | null, SourceState]> {
    if (platform !== 'linux') return [null, { name, state: 'absent', detail: 'not on this platform' }];
    try {
      const value = await read();
      return [value, value === null ? { name, state: 'idle', detail: idle } : { name, state: 'working', detail: '' }];
    } catch (error) {
      if (error instanceof SourceUnavailable) return [null, { name, state: error.state, detail: error.message }];
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (ABSENT.has(code)) return [null, { name, state: 'absent', detail: 'not running here' }];
      const why = error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : String(error);
      // A machine without a modem has the client and no service behind it: that is how most are.
      const silent =
        name === 'ModemManager' &&
        /ServiceUnknown|not found|couldn't (create|connect|find)|No such file/i.test(
          error instanceof Error ? error.message : '',
        );
      if (silent) return [null, { name, state: 'absent', detail: 'not running here' }];
      onFailure(`${name}: ${why}`);
      return [null, { name, state: 'failed', detail: why }];
    }
  }

  return async () => {
    const served = ask('ModemManager', readModem, 'no modem is registered with a network');
    const [fix, gpsd] =
      gpsdPort === 0
        ? unasked('gpsd', 'absent', 'switched off')
        : await ask('gpsd', () => readGpsd(gpsdPort), 'no fix yet');
    // It may tell a service on the internet which Wi-Fi is near, so it is not asked for what is known.
    const [found, geoclue] =
      geoclueBus === null
        ? unasked('GeoClue', 'absent', 'switched off')
        : fix
          ? unasked('GeoClue', 'idle', 'not asked: gpsd has a fix')
          : await ask('GeoClue', () => readGeoclue(geoclueBus), 'no position of now by satellites or Wi-Fi');
    const [network, modem] = await served;
    return { position: fix ?? found, network, sources: [gpsd, geoclue, modem] };
  };
}

const unasked = (
  ...[name, state, detail]: [SourceState['name'], SourceState['state'], string]
): [null, SourceState] => [null, { name, state, detail }];
