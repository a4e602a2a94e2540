import { expect, it } from 'vitest';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { CATALOG, valueText } from '../../shared/policy/catalog.ts';
import { LARGEST_VALUE } from '../../shared/policy/check-results.ts';
import { type ChannelTarget, MOST_ARCHITECTURES, MOST_FORMER } from '../../shared/software/update-channel.ts';
import { signedPackage } from '../../tests/support/own-packages.ts';
import { compareWithChannel } from './agent-update.ts';
import { runChecks } from './checks.ts';

const { key } = createKeyFile('the passphrase of a signer');
const statement = (version: string, architecture: string) => ({
  name: 'cordon-agent',
  version,
  architecture,
  sha256: 'a'.repeat(64),
  size: 1,
});
const envelope = (version: string, architecture = 'amd64') => signedPackage(key, statement(version, architecture));
const channel = (packages: ChannelTarget['packages'], former: ChannelTarget['former'] = []): ChannelTarget => ({
  channel: 'stable',
  revision: 3,
  packages,
  former,
});
const agent = (version: string, architecture = 'amd64') => ({ version, architecture });

it.each([
  [
    'the version of the channel',
    agent('0.3.0'),
    channel([envelope('0.3.0')]),
    'met',
    'The agent has 0.3.0, as the channel stable.',
  ],
  [
    'an older version',
    agent('0.2.0'),
    channel([envelope('0.3.0')]),
    'not-met',
    'The agent has 0.2.0, the channel stable has 0.3.0.',
  ],
  [
    'a newer version that the channel never had',
    agent('0.10.0'),
    channel([envelope('0.9.0')]),
    'met',
    'The agent has 0.10.0, which is newer than 0.9.0 of the channel stable.',
  ],
  [
    'a newer version that the channel left',
    agent('0.3.0'),
    channel([envelope('0.2.0')], [envelope('0.3.0')]),
    'not-met',
    'The agent has 0.3.0, the channel stable has 0.2.0.',
  ],
  [
    'a package of all architectures',
    agent('0.2.0'),
    channel([envelope('0.3.0', 'all')]),
    'not-met',
    'The agent has 0.2.0, the channel stable has 0.3.0.',
  ],
  [
    'another architecture',
    agent('0.2.0', 'arm64'),
    channel([envelope('0.3.0')]),
    'unknown',
    'The channel stable has no version for arm64. The agent has 0.2.0.',
  ],
  [
    'a channel without a version',
    agent('0.2.0'),
    channel([]),
    'unknown',
    'The channel stable has no version for amd64. The agent has 0.2.0.',
  ],
  [
    'an agent without a package',
    null,
    channel([envelope('0.3.0')]),
    'not-supported',
    'The agent was not installed as the package cordon-agent, so the device cannot update it.',
  ],
])('compares %s', (_, installed, target, status, detail) => {
  expect(compareWithChannel(installed, target)).toEqual({ status, detail });
});

it('checks the value with the packages of the channel, and shows their version', async () => {
  const target = channel([envelope('0.3.0')]);
  const received = [{ setting: 'agent.update-channel', value: JSON.stringify(target) }];
  const check = async (value: ChannelTarget) => compareWithChannel(agent('0.3.0'), value);
  const [result] = await runChecks(received, { 'agent.update-channel': check }, 'linux');
  expect(result).toMatchObject({ status: 'met' });
  const [plain] = await runChecks(
    [{ setting: 'agent.update-channel', value: '"stable"' }],
    { 'agent.update-channel': check },
    'linux',
  );
  expect(plain).toMatchObject({ status: 'not-supported' });
  expect(valueText('agent.update-channel', target)).toBe('stable, with 0.3.0');
  expect(valueText('agent.update-channel', channel([]))).toBe('stable, with no version');
  expect(valueText('agent.update-channel', 'stable')).toBe('stable');
});

it('fits into the frame, also with the longest signatures', () => {
  const one = envelope('9'.repeat(128));
  const longest = { ...one, signatures: [{ keyid: 'a'.repeat(64), sig: 'A'.repeat(3_300) }] };
  const target = channel(Array(MOST_ARCHITECTURES).fill(longest), Array(MOST_FORMER).fill(longest));
  expect(CATALOG['agent.update-channel'].received.safeParse(target).success).toBe(true);
  expect(JSON.stringify(target).length).toBeLessThan(LARGEST_VALUE);
});
