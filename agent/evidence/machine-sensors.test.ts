/**
 * Sensors of a machine: a real gpsd with simulated receiver data, a real D-Bus with a replacement for ModemManager, and failures of each.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { atTheEnd, childForOneTest, endAllAfterEach, folderForOneTest } from '../../tests/support/for-one-test.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { gpsfake, startReceiver } from '../../tests/support/gps-receiver.ts';
import { privateBus } from '../../tests/support/private-bus.ts';
import { needed, tool } from '../../tests/support/tools.ts';
import { until } from '../../tests/support/until.ts';
import { positionIn, readGpsd } from './gpsd.ts';
import { machineSensors } from './machine-sensors.ts';
import { networkIn } from './modem-manager.ts';
import { observationsOf } from './sensors.ts';

const mmcli = tool('mmcli', 'apt-get install modemmanager');
const PYTHON = '/usr/bin/python3';
const mocks = spawnSync(PYTHON, ['-c', 'import dbusmock']).status === 0;
const dbusmock = needed('python3-dbusmock', 'apt-get install python3-dbusmock dbus', mocks);

endAllAfterEach();

/** Starts a server on loopback that sends the given lines to every client. Returns its port. */
async function serverSending(...lines: string[]): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    for (const line of lines) socket.write(line);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atTheEnd(() => server.close());
  return (server.address() as AddressInfo).port;
}

it.skipIf(!gpsfake.present)(
  'reads a position from a real gpsd and converts it into an area',
  async () => {
    const port = await freePort();
    childForOneTest(startReceiver(folderForOneTest(), port, { latitude: 24.861, longitude: 67.01 }));
    const failures: string[] = [];
    const sense = machineSensors({
      platform: 'linux',
      gpsdPort: port,
      geoclueBus: 'unix:path=/nowhere',
      onFailure: (why) => failures.push(why),
    });
    await until(async () => {
      const reading = await sense();
      expect(reading.sources?.[0]).toEqual({ name: 'gpsd', state: 'working', detail: '' });
      expect(reading.sources?.[1]).toMatchObject({
        name: 'GeoClue',
        state: 'idle',
        detail: 'not asked: gpsd has a fix',
      });
      expect(reading.position?.accuracy).toBeLessThan(100);
      const [observation] = await observationsOf(reading, 1);
      expect(observation).toMatchObject({ source: 'position', areas: [expect.stringMatching(/^PK/)] });
      expect(JSON.stringify(observation)).not.toMatch(/24\.8|67\.0/);
    }, 30_000);
    expect(failures).toEqual([]);
  },
  60_000,
);

it('reads a position only from a complete fix in a line of gpsd', () => {
  const fix = { class: 'TPV', mode: 3, lat: 24.861, lon: 67.01, eph: 17.1 };
  expect(positionIn(JSON.stringify(fix))).toEqual({ latitude: 24.861, longitude: 67.01, accuracy: 17.1 });
  const { eph: _eph, ...bare } = fix;
  expect(positionIn(JSON.stringify({ ...bare, epx: 3, epy: 4 }))?.accuracy).toBe(5);
  for (const none of [{ ...fix, mode: 1 }, bare, { ...fix, class: 'SKY' }, { class: 'TPV', mode: 2, eph: 1 }]) {
    expect(positionIn(JSON.stringify(none))).toBeNull();
  }
  for (const broken of ['GPS 1.0', '[]', '{"class":"TPV","mode":"3"}', JSON.stringify({ ...fix, lat: 240 })]) {
    expect(() => positionIn(broken)).toThrow();
  }
});

it('gives no evidence without gpsd, without a fix, or from another program on the port, and reports the failure', async () => {
  await expect(readGpsd(await freePort())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const cold = await serverSending('{"class":"VERSION","release":"3.25"}\n', '{"class":"TPV","mode":1}\n');
  expect(await readGpsd(cold, 300)).toBeNull();
  const secret = '{"class":"TPV","mode":3,"lat":"24.8610","lon":67.01}\n';
  for (const words of [['SSH-2.0-OpenSSH\n'], ['x'.repeat(70_000)], [secret]]) {
    const failures: string[] = [];
    const gpsdPort = await serverSending(...words);
    const reading = await machineSensors({
      platform: 'linux',
      gpsdPort,
      geoclueBus: null,
      onFailure: (why) => failures.push(why),
    })();
    expect(reading.position).toBeNull();
    expect(reading.sources?.[0]).toMatchObject({ name: 'gpsd', state: 'failed' });
    expect(failures.filter((why) => why.startsWith('gpsd: '))).toHaveLength(1);
    expect(JSON.stringify([failures, reading.sources])).not.toContain('24.86');
  }
});

it('reads a network only from a registered modem', () => {
  const modem = (code: string, state: string) =>
    JSON.stringify({ modem: { '3gpp': { 'operator-code': code, 'registration-state': state }, generic: {} } });
  expect(networkIn(modem('41001', 'home'))).toBe('410');
  expect(networkIn(modem('310410', 'roaming'))).toBe('310');
  for (const [code, state] of [
    ['41001', 'searching'],
    ['41001', 'idle'],
    ['41001', 'denied'],
    ['--', 'home'],
    ['4100', 'home'],
  ] as const) {
    expect(networkIn(modem(code, state)), `${code} ${state}`).toBeNull();
  }
  expect(networkIn('{"modem":{"generic":{}}}')).toBeNull();
  expect(() => networkIn('error: no modem')).toThrow();
});

it.skipIf(!mmcli.present || !dbusmock.present)(
  'reads the serving network from ModemManager over a real D-Bus',
  async () => {
    const { address, socket, start } = privateBus(folderForOneTest());
    const before = process.env['DBUS_SYSTEM_BUS_ADDRESS'];
    process.env['DBUS_SYSTEM_BUS_ADDRESS'] = address;
    atTheEnd(() => {
      if (before === undefined) delete process.env['DBUS_SYSTEM_BUS_ADDRESS'];
      else process.env['DBUS_SYSTEM_BUS_ADDRESS'] = before;
    });
    const failures: string[] = [];
    const sense = machineSensors({
      platform: 'linux',
      gpsdPort: 0,
      geoclueBus: null,
      onFailure: (why) => failures.push(why),
    });
    const modem = async () => (await sense()).sources?.[2];
    expect(await modem(), 'without a bus').toMatchObject({ name: 'ModemManager', state: 'absent' });

    childForOneTest(start());
    await until(() => expect(existsSync(socket)).toBe(true), 20_000);
    childForOneTest(spawn(PYTHON, ['-m', 'dbusmock', '--system', '--template', 'modemmanager'], { stdio: 'ignore' }));
    const bus = (path: string, ...call: string[]) =>
      promisify(execFile)('busctl', [
        'call',
        'org.freedesktop.ModemManager1',
        path,
        'org.freedesktop.DBus.Mock',
        ...call,
      ]);
    await until(async () => expect(await modem()).toMatchObject({ state: 'idle' }), 20_000);
    await bus('/org/freedesktop/ModemManager1', 'AddSimpleModem');
    expect(await sense()).toMatchObject({
      network: null,
      sources: [{ name: 'gpsd' }, { name: 'GeoClue' }, { state: 'idle' }],
    });

    const register = async (how: 'AddProperties' | 'UpdateProperties', operator: string, state: number) => {
      const set = ['2', 'OperatorCode', 's', operator, 'RegistrationState', 'u', String(state)];
      await bus(
        '/org/freedesktop/ModemManager1/Modems/8',
        how,
        'sa{sv}',
        'org.freedesktop.ModemManager1.Modem.Modem3gpp',
        ...set,
      );
    };
    // MM_MODEM_3GPP_REGISTRATION_STATE: 5 is roaming, 2 is searching.
    await register('AddProperties', '41001', 5);
    const reading = await sense();
    expect(reading).toMatchObject({ network: '410', sources: [{}, {}, { state: 'working' }] });
    expect(await observationsOf(reading, 1)).toEqual([{ source: 'network', areas: ['PK'], at: 1 }]);
    await register('UpdateProperties', '41001', 2);
    expect((await sense()).network).toBeNull();
    expect(failures).toEqual([]);
  },
  60_000,
);

it('reports every sensor as absent, and no failure, on another platform', async () => {
  const reading = await machineSensors({
    platform: 'darwin',
    gpsdPort: 2947,
    geoclueBus: 'unix:path=/nowhere',
    onFailure: () => undefined,
  })();
  expect(reading).toEqual({
    position: null,
    network: null,
    sources: [
      { name: 'gpsd', state: 'absent', detail: 'not on this platform' },
      { name: 'GeoClue', state: 'absent', detail: 'not on this platform' },
      { name: 'ModemManager', state: 'absent', detail: 'not on this platform' },
    ],
  });
});
