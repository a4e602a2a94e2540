import { describe, expect, it } from 'vitest';
import { networkConnectionsSchema } from '../../../shared/policy/network-connections.ts';
import { WIFI, WIREGUARD } from '../../../tests/support/network-connections.ts';
import { fieldErrors, requirement } from './field-errors.ts';

describe('errors beside fields', () => {
  it('belong to their field, and empty fields show theirs after an attempt to save', () => {
    const [peer] = WIREGUARD.peers;
    const value = [
      { ...WIFI, name: '', ssid: 'a'.repeat(33) },
      { ...WIREGUARD, peers: [{ ...peer, allowedIps: ['10.0.0.0'] }] },
    ];
    const before = fieldErrors(networkConnectionsSchema, value, false);
    expect(before.at(0, 'ssid')).toBe('Must have at most 32 bytes.');
    expect(before.at(0, 'name')).toBeUndefined();
    expect(before.at(0, 'hidden')).toBeUndefined();
    expect(before.below(1).at('peers', 0, 'allowedIps')).toMatch(/^Must be an IP address with a prefix length/);
    expect(before.below(1).exactly('peers')).toBeUndefined();
    expect(fieldErrors(networkConnectionsSchema, value, true).at(0, 'name')).toBe('Must not be empty.');
  });

  it.each([
    ['is not empty', 'Must not be empty.'],
    ['is an absolute path on the device', 'Must be an absolute path on the device.'],
    ['contains no . or ..', 'Must contain no . or ..'],
    ['does not begin with a hyphen', 'Must not begin with a hyphen.'],
    ['Too big: expected number to be <=999', 'Too big: expected number to be <=999.'],
  ])('say what a value must be: %s', (message, sentence) => expect(requirement(message)).toBe(sentence));
});
