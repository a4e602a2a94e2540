import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { securityContactRouter } from './security-contact.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');

async function fetchContact(contact: string | null): Promise<{ status: number; type: string | null; text: string }> {
  const server = createServer(express().use(securityContactRouter({ contact, now: () => NOW })));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/.well-known/security.txt`);
  const answer = { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  await new Promise((closed) => server.close(closed));
  return answer;
}

it('publishes the contact as RFC 9116 requires, and nothing without a contact', async () => {
  expect(await fetchContact('mailto:security@example.org')).toEqual({
    status: 200,
    type: 'text/plain; charset=utf-8',
    text: 'Contact: mailto:security@example.org\nExpires: 2026-12-27T12:00:00.000Z\nPreferred-Languages: en\n',
  });
  expect((await fetchContact(null)).status).toBe(404);
});

it.each([
  ['security@example.org', 'mailto:security@example.org'],
  ['mailto:security@example.org', 'mailto:security@example.org'],
  ['https://example.org/report', 'https://example.org/report'],
  ['tel:+49-30-1', 'tel:+49-30-1'],
  ['http://example.org', null],
  ['call us', null],
  ['https://example.org/\nContact: mailto:thief@example.org', null],
])('CORDON_SECURITY_CONTACT=%j', (given, contact) => {
  const read = () => readConfig({ CORDON_SECURITY_CONTACT: given }).securityContact;
  if (contact === null) expect(read).toThrow(/CORDON_SECURITY_CONTACT/);
  else expect(read()).toBe(contact);
});
