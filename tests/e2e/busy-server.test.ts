/**
 * Case 58, after a power failure: more devices than the server accepts connect at once, with the agent's real connection. The server
 * responds with 503 and a different `Retry-After` to each other device, so that the devices return one after another. The agents record the
 * times.
 */
import { expect, it, onTestFinished } from 'vitest';
import { dialDirect } from '../../agent/link/dial.ts';
import { createLink, type Link } from '../../agent/link/link.ts';
import { secureDial } from '../../agent/link/tls.ts';
import { openGatewayWorld, type TestDevice } from '../support/gateway-world.ts';
import { until } from '../support/until.ts';

const DEVICES = 200;
const MOST_UPGRADES = 20;
/** Range of `Retry-After` in seconds, chosen by the server. The agent adds up to a quarter. */
const RETRY_AFTER = { least: 2, most: 22 };

interface Caller {
  readonly link: Link;
  /** Times of the connection attempt and of the earliest next attempt, in milliseconds of one clock. */
  readonly dialed: number[];
  readonly refused: number[];
}

function call({ tls, id }: TestDevice, port: number): Caller {
  const caller = { dialed: [] as number[], refused: [] as number[] };
  const dial = secureDial({
    dial: (target) => {
      caller.dialed.push(performance.now());
      return dialDirect({ ...target, host: '127.0.0.1' });
    },
    rootPem: tls.ca,
    identity: { keyPem: String(tls.key), chainPem: tls.cert ?? '' },
  });
  const link = createLink({
    url: () => new URL(`wss://localhost:${port}`),
    secureDial: () => dial,
    hello: () => ({ kind: 'hello', agent: id, list: 0, record: 0, approverSet: 0 }),
    denied: () => null,
    onFrame: () => undefined,
    onDown: () => undefined,
    onRefusal: () => undefined,
    beforeKnock: async () => undefined,
    refusedCertificate: async () => null,
    confirmRevoked: async () => false,
    onExpired: async () => undefined,
    onState: (state, detail) => {
      if (state === 'waiting' && detail?.startsWith('Too many devices')) caller.refused.push(performance.now());
    },
  });
  return { link, ...caller };
}

it('case 58: devices beyond the limit get 503, and return not before the requested time and not all together', async () => {
  const gate = Promise.withResolvers<void>();
  const world = await openGatewayWorld({ mostUpgrades: MOST_UPGRADES, observing: () => gate.promise });
  onTestFinished(world.close);
  const devices: TestDevice[] = [];
  for (let index = 0; index < DEVICES; index += 1) devices.push(await world.enroll('SE', `User ${index}`));
  const callers = devices.map((device) => call(device, world.port));
  onTestFinished(() => {
    for (const { link } of callers) link.stop();
  });

  for (const { link } of callers) link.start();
  const told = () => callers.filter(({ refused }) => refused.length > 0);
  // Connections in the middle of their upgrade occupy all places, so the server refuses each other device at least once.
  await until(() => expect(told()).toHaveLength(DEVICES - MOST_UPGRADES), 60_000);
  gate.resolve();
  await until(() => expect(callers.filter(({ link }) => link.state !== 'connected')).toEqual([]), 90_000, 250);

  // On a busy machine, an attempt before the first refusal may have failed for another reason.
  const waits = told().map(
    ({ dialed, refused: [first = 0] }) => (dialed.find((at) => at > first) ?? Number.NaN) - first,
  );
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(RETRY_AFTER.least * 1000 - 50);
  const seconds = new Map<number, number>();
  for (const wait of waits) seconds.set(Math.floor(wait / 1000), (seconds.get(Math.floor(wait / 1000)) ?? 0) + 1);
  console.log(
    `second attempts by second: ${[...seconds]
      .sort(([a], [b]) => a - b)
      .map((pair) => pair.join(': '))
      .join(', ')}`,
  );
  // In an even distribution, each second would have a twentieth of the attempts.
  expect(Math.max(...seconds.values())).toBeLessThan(waits.length / 4);
  expect(seconds.size).toBeGreaterThan((RETRY_AFTER.most - RETRY_AFTER.least) / 2);
}, 240_000);
