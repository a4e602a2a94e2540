/**
 * Sensors of the machine: gpsd, GeoClue and ModemManager, used unless the company has configured a program or a file with position data.
 * Only Linux is supported, because other systems require the consent of the user at the screen.
 */
import { readGpsd } from './gpsd.ts';
import { readModem } from './modem-manager.ts';
import { type Sensors, type SourceState, SourceUnavailable } from './sensors.ts';

interface MachineSensors {
  readonly platform: NodeJS.Platform;
  /** Port of gpsd on loopback; 0 disables gpsd. */
  readonly gpsdPort: number;
  readonly geoclueBus: string | null;
  readonly onFailure: (why: string) => void;
}

/** The client of D-Bus is loaded only on machines with GeoClue. */
const readGeoclueOf = async (bus: string) => (await import('./geoclue.ts')).readGeoclue(bus);

const ABSENT = new Set(['ECONNREFUSED', 'ENOENT']);

export function machineSensors({ platform, gpsdPort, geoclueBus, onFailure }: MachineSensors): Sensors {
  async function readSensor<T>(
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
      // On many machines, ModemManager's client `mmcli` is installed, but its service does not run. This is not a failure.
      const isAbsent =
        name === 'ModemManager' &&
        /ServiceUnknown|not found|couldn't (create|connect|find)|No such file/i.test(
          error instanceof Error ? error.message : '',
        );
      if (isAbsent) return [null, { name, state: 'absent', detail: 'not running here' }];
      onFailure(`${name}: ${why}`);
      return [null, { name, state: 'failed', detail: why }];
    }
  }

  return async () => {
    const modemReading = readSensor('ModemManager', readModem, 'no modem is registered with a network');
    const [fix, gpsd] =
      gpsdPort === 0
        ? unasked('gpsd', 'absent', 'switched off')
        : await readSensor('gpsd', () => readGpsd(gpsdPort), 'no fix yet');
    // GeoClue may send names of nearby Wi-Fi networks to an internet service. The agent therefore uses GeoClue only if gpsd has no fix.
    const [found, geoclue] =
      geoclueBus === null
        ? unasked('GeoClue', 'absent', 'switched off')
        : fix
          ? unasked('GeoClue', 'idle', 'not asked: gpsd has a fix')
          : await readSensor('GeoClue', () => readGeoclueOf(geoclueBus), 'no position of now by satellites or Wi-Fi');
    const [network, modem] = await modemReading;
    return { position: fix ?? found, network, sources: [gpsd, geoclue, modem] };
  };
}

const unasked = (
  ...[name, state, detail]: [SourceState['name'], SourceState['state'], string]
): [null, SourceState] => [null, { name, state, detail }];
