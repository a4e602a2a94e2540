/** A real GeoClue on its own D-Bus, with its own configuration, a receiver and a position service on loopback, and failures of each. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createClient, defineInterface } from 'dbus-native';
import { describe, expect, it } from 'vitest';
import { atTheEnd, childForOneTest, endAllAfterEach, folderForOneTest } from '../../tests/support/for-one-test.ts';
import { type PrivateBus, privateBus } from '../../tests/support/private-bus.ts';
import { needed, tool } from '../../tests/support/tools.ts';
import { until } from '../../tests/support/until.ts';
import { positionOf, readGeoclue } from './geoclue.ts';
import { machineSensors } from './machine-sensors.ts';
import { observationsOf } from './sensors.ts';

const GEOCLUE = '/usr/libexec/geoclue';
const NAME = 'org.freedesktop.GeoClue2';
/** GeoClue reads one fixed configuration path. The test mounts its own file there, in a private view of the file system. */
const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-current-user', '--keep-caps', '--mount'];
const present = existsSync(GEOCLUE) && spawnSync('unshare', [...UNSHARE, 'true']).status === 0;
const geoclue = needed('geoclue', 'apt-get install geoclue-2.0, where mounts may be unshared', present);
const dbus = tool('dbus-daemon', 'apt-get install dbus');
const busctl = tool('busctl', 'apt-get install systemd');

endAllAfterEach();

async function listening<T extends Server>(server: T, where: string | number): Promise<T> {
  server.listen(where);
  await once(server, 'listening');
  atTheEnd(() => server.close());
  return server;
}

async function busUp(home: string): Promise<PrivateBus & { daemon: ChildProcess }> {
  const bus = privateBus(home);
  const daemon = childForOneTest(bus.start(), 'SIGKILL');
  await until(() => expect(existsSync(bus.socket)).toBe(true));
  return { ...bus, daemon };
}

/** Configuration file that an admin copies. */
const OURS = join(import.meta.dirname, '../cordon-agent.geoclue.conf');
/** Address on which nothing listens. Without it, GeoClue would use the position service on the internet. */
const NOWHERE = 'url=http://127.0.0.1:9/';
const SOURCES = ['network-nmea', '3g', 'cdma', 'modem-gps', 'wifi', 'compass', 'static-source'];

interface Configured {
  readonly ours: boolean;
  /** Enabled location sources, each with its configuration lines. */
  readonly sources?: Record<string, string>;
  readonly lines?: string;
}

/** Starts GeoClue with Debian's configuration and additional files. */
async function startGeoclue({ address }: PrivateBus, { ours, sources = {}, lines = '' }: Configured) {
  const config = folderForOneTest();
  const added = join(config, 'conf.d');
  mkdirSync(added);
  copyFileSync('/etc/geoclue/geoclue.conf', join(config, 'geoclue.conf'));
  if (ours) copyFileSync(OURS, join(added, '90-cordon-agent.conf'));
  const sections = SOURCES.map(
    (name) => `[${name}]\nenable=${name in sources}\n${sources[name] ?? (name === 'wifi' ? NOWHERE : '')}\n`,
  );
  writeFileSync(join(added, '99-test.conf'), [...sections, lines].join('\n'));
  const run = `mount --bind ${config} /etc/geoclue && exec ${GEOCLUE} --timeout=0`;
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address };
  const child = childForOneTest(spawn('unshare', [...UNSHARE, 'sh', '-c', run], { stdio: 'ignore', env }), 'SIGKILL');
  await until(() => expect(serves(address)).toBe(false), 20_000);
  return child;
}

/** Returns true while GeoClue has a client. */
function serves(address: string): boolean {
  const asked = ['call', NAME, '/org/freedesktop/GeoClue2/Client', 'org.freedesktop.DBus.Introspectable', 'Introspect'];
  const answer = execFileSync('busctl', [`--address=${address}`, ...asked], { stdio: 'pipe', encoding: 'utf8' });
  return answer.includes('<node name=');
}

/** Makes a socket that sends the data of a satellite receiver in Karachi. */
async function receiver(): Promise<string> {
  const path = join(folderForOneTest(), 'nmea');
  const sentence = (text: string) => {
    const sum = [...text].reduce((check, letter) => check ^ letter.charCodeAt(0), 0);
    return `$${text}*${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`;
  };
  await listening(
    createServer((socket) => {
      const timer = setInterval(() => {
        const at = new Date().toISOString().slice(11, 19).replaceAll(':', '');
        socket.write(sentence(`GPGGA,${at}.00,2451.660,N,06700.600,E,1,08,0.9,10.0,M,-40.0,M,,`));
      }, 200);
      socket.on('error', () => undefined).on('close', () => clearInterval(timer));
    }),
    path,
  );
  return `nmea-socket=${path}`;
}

/** Position service that gives the same response to every request. It counts the requests. */
async function placing(answer: object): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createHttpServer((_request, response) => {
    asked++;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  atTheEnd(() => server.closeAllConnections());
  await listening(server, 0);
  return { url: `url=http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked: () => asked };
}

const sensors = (geoclueBus: string, failures: string[] = []) =>
  machineSensors({ platform: 'linux', gpsdPort: 0, geoclueBus, onFailure: (why) => failures.push(why) });

describe('the position in a location from GeoClue', () => {
  const NOW = 1_795_641_600_000;
  const wifi = {
    Latitude: 24.861,
    Longitude: 67.01,
    Accuracy: 60,
    Description: 'WiFi',
    Heading: -1,
    Timestamp: [BigInt(NOW / 1000 - 20), 0n],
  };

  it('is read for satellites and Wi-Fi, with an inaccuracy of at least 30 m', () => {
    expect(positionOf(wifi, NOW)).toEqual({ latitude: 24.861, longitude: 67.01, accuracy: 60 });
    expect(positionOf({ ...wifi, Accuracy: 0, Description: 'GPS GGA+RMC' }, NOW)?.accuracy).toBe(30);
    expect(positionOf({ ...wifi, Accuracy: 1000 }, NOW)).not.toBeNull();
  });

  it.each([
    ['from a mobile cell', { Accuracy: 1000.1, Description: '3G' }],
    ['from the IP address', { Accuracy: 25_000, Description: 'GeoIP' }],
    ['from the IP address with a false accuracy', { Accuracy: 500, Description: 'GeoIP' }],
    ['from the IP address as a fallback for Wi-Fi', { Accuracy: 500, Description: 'ipf fallback (from WiFi data)' }],
    ['without an accuracy', { Accuracy: -1 }],
    ['ten minutes old', { Timestamp: [BigInt(NOW / 1000 - 601), 0n] }],
    ['dated in the future', { Timestamp: [BigInt(NOW / 1000 + 601), 0n] }],
  ])('is null for a location %s', (_what, changes) => {
    expect(positionOf({ ...wifi, ...changes }, NOW)).toBeNull();
  });

  it.each([
    ['without data', undefined],
    ['with an impossible latitude', { ...wifi, Latitude: 240 }],
    ['with a text instead of a number', { ...wifi, Longitude: '67.01' }],
    ['without a time', { ...wifi, Timestamp: undefined }],
    ['with NaN as accuracy', { ...wifi, Accuracy: Number.NaN }],
  ])('throws for a location %s', (_what, location) => {
    expect(() => positionOf(location, NOW)).toThrow();
  });
});

describe.skipIf(!dbus.present)('a machine without GeoClue', () => {
  it('reports GeoClue as absent, and no failure, without D-Bus or without the service', async () => {
    const home = folderForOneTest();
    const failures: string[] = [];
    const source = async () => (await sensors(privateBus(home).address, failures)()).sources?.[1];
    const absent = { name: 'GeoClue', state: 'absent', detail: 'not running here' };
    expect(await source()).toEqual(absent);
    await busUp(home);
    expect(await source()).toEqual(absent);
    expect(failures.filter((why) => why.startsWith('GeoClue'))).toEqual([]);
  });

  it('reports a failure for a bus that is silent, closes the connection or violates the protocol', async () => {
    const speaking = async (words: string | null, within?: number) => {
      const path = join(folderForOneTest(), 'bus');
      await listening(
        createServer((socket) => {
          socket.on('error', () => undefined);
          atTheEnd(() => socket.destroy());
          if (words === '') socket.end();
          else if (words !== null) socket.once('data', () => socket.write(words));
        }),
        path,
      );
      return readGeoclue(`unix:path=${path}`, within);
    };
    await expect(speaking(null, 500)).rejects.toThrow('it does not answer');
    await expect(speaking('')).rejects.toThrow('the bus closed the connection');
    await expect(speaking('REJECTED ANONYMOUS\r\n')).rejects.toThrow(/authentication/);
    await expect(speaking(`OK 1234\r\n${'x'.repeat(100)}`)).rejects.toThrow(/byte order/);
    await expect(readGeoclue('pigeon:path=/')).rejects.toThrow(/pigeon/);
  });
});

describe.skipIf(!geoclue.present || !dbus.present || !busctl.present)('a real GeoClue service', () => {
  it('that is not configured for the agent refuses with a reason', async () => {
    const bus = await busUp(folderForOneTest());
    await startGeoclue(bus, { ours: false, sources: { 'network-nmea': await receiver() } });
    const failures: string[] = [];
    expect((await sensors(bus.address, failures)()).sources?.[1]).toEqual({
      name: 'GeoClue',
      state: 'refused',
      detail: 'cordon-agent not allowed to act as agent',
    });
    expect(failures.filter((why) => why.startsWith('GeoClue'))).toEqual([]);
  }, 60_000);

  it('that is configured for the agent gives a position, reported only as areas, and the agent releases its client', async () => {
    const bus = await busUp(folderForOneTest());
    await startGeoclue(bus, { ours: true, sources: { 'network-nmea': await receiver() } });
    const reading = await sensors(bus.address)();
    expect(reading.sources?.[1]).toEqual({ name: 'GeoClue', state: 'working', detail: '' });
    expect(reading.position?.accuracy).toBe(30);
    const [observation] = await observationsOf(reading, 1);
    expect(observation).toMatchObject({ source: 'position', areas: [expect.stringMatching(/^PK/)] });
    expect(JSON.stringify(observation)).not.toMatch(/24\.8|67\.0/);
    await until(() => expect(serves(bus.address)).toBe(false));
  }, 60_000);

  it('refuses while the user has switched location off in the desktop session', async () => {
    const bus = await busUp(folderForOneTest());
    await startGeoclue(bus, { ours: true, sources: { 'network-nmea': await receiver() } });
    const session = createClient({ busAddress: bus.address });
    atTheEnd(() => session.close());
    const off = { MaxAccuracyLevel: { type: 'u', access: 'read', value: 0 } } as const;
    await session.export(
      '/org/freedesktop/GeoClue2/Agent',
      defineInterface({ name: `${NAME}.Agent`, properties: off }),
    );
    const path = '/org/freedesktop/GeoClue2/Manager';
    const add = { destination: NAME, path, interface: `${NAME}.Manager`, member: 'AddAgent', signature: 's' };
    await session.invoke({ ...add, body: ['gnome-shell'] });
    const disabled = { state: 'refused', message: expect.stringMatching(/disabled for UID/) };
    await expect(readGeoclue(bus.address)).rejects.toMatchObject(disabled);
    await expect(readGeoclue(bus.address)).rejects.toMatchObject(disabled);
  }, 60_000);

  it('that is configured to deny the agent refuses', async () => {
    const bus = await busUp(folderForOneTest());
    await startGeoclue(bus, { ours: true, lines: '[cordon-agent]\nallowed=false\nsystem=true\nusers=\n' });
    const disallowed = { state: 'refused', message: expect.stringMatching(/disallowed by configuration/) };
    await expect(readGeoclue(bus.address)).rejects.toMatchObject(disallowed);
  }, 60_000);

  it.each([
    ['with its true accuracy', { accuracy: 25_000, fallback: 'ipf' }],
    ['with a false accuracy', { accuracy: 60 }],
  ])(
    'that guesses the position from the IP address, %s, gives no position',
    async (_how, guess) => {
      const bus = await busUp(folderForOneTest());
      const service = await placing({ location: { lat: 24.861, lng: 67.01 }, ...guess });
      await startGeoclue(bus, { ours: true, sources: { wifi: service.url } });
      expect(await readGeoclue(bus.address, 8000)).toBeNull();
      expect(service.asked()).toBeGreaterThan(0);
    },
    60_000,
  );

  it('that hangs or crashes, or whose bus crashes, ends the reading with an error', async () => {
    const bus = await busUp(folderForOneTest());
    const service = await startGeoclue(bus, { ours: true });
    service.kill('SIGSTOP');
    await expect(readGeoclue(bus.address, 1000)).rejects.toThrow('it does not answer');
    service.kill('SIGCONT');
    const midway = async (end: () => void) => {
      const reading = readGeoclue(bus.address).catch((error: unknown) => error);
      await until(() => expect(serves(bus.address)).toBe(true));
      end();
      return reading;
    };
    expect(await midway(() => service.kill('SIGKILL'))).toBeInstanceOf(Error);
    await startGeoclue(bus, { ours: true });
    expect(await midway(() => bus.daemon.kill('SIGKILL'))).toBeInstanceOf(Error);
  }, 60_000);
});
