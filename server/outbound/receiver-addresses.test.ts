import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createServer } from '../../shared/node-http.ts';
import { postRequest } from './post-request.ts';
import { AddressRefused, createReceiverAddresses } from './receiver-addresses.ts';

const none = createReceiverAddresses([]);
const local = createReceiverAddresses(['127.0.0.0/8', '169.254.0.0/16']);

describe('addresses of receivers', () => {
  it.each(['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'])('%s is allowed', (address) => {
    expect(() => none.require(address)).not.toThrow();
  });

  it.each([
    ...['127.0.0.1', '127.8.8.8', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', '169.254.1.1'],
    ...[
      '168.63.129.16',
      '::ffff:168.63.129.16',
      '169.254.169.254',
      '224.0.0.1',
      '255.255.255.255',
      '198.18.0.1',
      '192.0.2.1',
    ],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '2001:db8::1', '2002:7f00:1::'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a9fe:a9fe', '::127.0.0.1', '64:ff9b::7f00:1', 'localhost'],
  ])('%s is refused', (address) => {
    expect(() => none.require(address)).toThrow(AddressRefused);
  });

  it('allows the ranges of the setting, and never the metadata service of a cloud', () => {
    expect(() => local.require('127.0.0.1')).not.toThrow();
    expect(() => local.require('::ffff:127.0.0.1')).not.toThrow();
    expect(() => local.require('10.0.0.1')).toThrow(AddressRefused);
    expect(() => local.require('169.254.169.254')).toThrow(AddressRefused);
    expect(() => local.require('::ffff:169.254.169.254')).toThrow(AddressRefused);
  });

  it.each([
    ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
    ...['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', '::ffff:169.254.170.23', '::169.254.169.254'],
    ...[
      '64:ff9b::a9fe:a9fe',
      '64:ff9b:1::a9fe:a9fe',
      '64:ff9b:1:a9fe:a9:fe00::',
      '2002:a9fe:a9fe::1',
      '::ffff:0:a9fe:a9fe',
    ],
  ])('no setting allows the metadata service at %s', (address) => {
    const everything = createReceiverAddresses(['0.0.0.0/0', '::/0']);
    expect(() => everything.require(address)).toThrow(/metadata service/);
  });

  it('checks the IPv4 address inside a translated address, too', () => {
    const translated = createReceiverAddresses(['64:ff9b::/96', '2002::/16']);
    expect(() => translated.require('64:ff9b::5db8:d70e')).not.toThrow();
    for (const address of ['64:ff9b::7f00:1', '64:ff9b::a01:203', '2002:7f00:1::']) {
      expect(() => translated.require(address)).toThrow(AddressRefused);
    }
  });

  it('refuses a receiver without TLS at a global address when it is saved', async () => {
    await expect(none.requireHost('93.184.215.14', { plainHttp: false })).resolves.toBeUndefined();
    await expect(none.requireHost('93.184.215.14', { plainHttp: true })).rejects.toThrow(/without TLS/);
    await expect(local.requireHost('127.0.0.1', { plainHttp: true })).resolves.toBeUndefined();
    const loopback = createReceiverAddresses(['127.0.0.0/8', '::1']);
    await expect(loopback.requireHost('localhost', { plainHttp: true })).resolves.toBeUndefined();
  });

  it('refuses a name that resolves to an internal address', async () => {
    const lookup = promisify(
      none.lookup as (host: string, options: object, done: (error: Error | null) => void) => void,
    );
    await expect(lookup('localhost', { all: true })).rejects.toThrow(AddressRefused);
  });
});

describe('a request to a receiver', () => {
  it.each([
    'http://127.0.0.1:1/',
    'http://localhost:1/',
    'http://2130706433:1/',
    'http://0x7f.1:1/',
    'http://0177.0.0.1:1/',
    'http://[::1]:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'http://0:1/',
    'http://169.254.169.254/latest/meta-data/',
  ])('%s never connects', async (url) => {
    const sent = (async () => postRequest({ url, headers: {}, body: '{}', addresses: none }))();
    await expect(sent).rejects.toThrow(/internal address|metadata/);
  });

  it('follows no redirect, and reads no endless response', async () => {
    let requests = 0;
    const server = createServer((request, response) => {
      requests += 1;
      if (request.url === '/redirect') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.writeHead(200).end('x'.repeat(1_000_000));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const post = (path: string) =>
      postRequest({ url: `http://127.0.0.1:${port}${path}`, headers: {}, body: '{}', addresses: local });
    await expect(post('/redirect')).rejects.toThrow('it redirects');
    await expect(post('/')).rejects.toThrow('bytes');
    expect(requests).toBe(2);
    server.close();
  });
});
