import { describe, expect, it } from 'vitest';
import { type ActivationLink, formatActivationLink, parseActivationLink } from './activation-link.ts';
import { newDeviceId, randomBase32 } from './ids.ts';

const link = (): ActivationLink => ({
  publicUrl: 'https://mdm.example.com:8444',
  deviceUrl: 'wss://[2001:db8::1]:8443',
  fingerprint: 'ab'.repeat(32),
  code: { id: newDeviceId(), secret: randomBase32(16) },
});

describe('activation link', () => {
  it('contains its original parts, whatever text surrounds it', () => {
    for (let i = 0; i < 50; i++) {
      const given = link();
      expect(parseActivationLink(`  ${formatActivationLink(given)}\n`)).toEqual(given);
    }
  });

  it('reads a link whose parts were percent-encoded on the way', () => {
    const given = link();
    const encoded = formatActivationLink(given).replaceAll('://', '%3A%2F%2F');
    expect(parseActivationLink(encoded)).toEqual(given);
  });

  const whole = formatActivationLink(link());
  it.each([
    ['nothing', ''],
    ['a web address', 'https://mdm.example.com/'],
    ['another scheme', whole.replace('cordon:', 'corden:')],
    ['a cut', whole.slice(0, -20)],
    ['no fingerprint', whole.replace(/&ca=[0-9a-f]+/, '')],
    ['a short fingerprint', whole.replace(/&ca=ab/, '&ca=')],
    ['two fingerprints', `${whole}&ca=${'cd'.repeat(32)}`],
    ['an unknown part', `${whole}&insecure=1`],
    ['plain HTTP', whole.replace('https:', 'http:')],
    ['a plain WebSocket', whole.replace('wss:', 'ws:')],
    ['a path', whole.replace(':8444', ':8444/elsewhere')],
    ['a user in the address', whole.replace('https://', 'https://mallory@')],
    ['another kind of id', whole.replace('dev_', 'per_')],
  ])('refuses %s', (_, text) => {
    expect(() => parseActivationLink(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('never repeats the secret in an error', () => {
    const given = link();
    try {
      parseActivationLink(`${formatActivationLink(given)}!`);
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.toContain(given.code.secret);
    }
  });
});
