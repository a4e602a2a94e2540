import { describe, expect, it } from 'vitest';
import { envelopeIn } from './mailbox-source.ts';

const message = (header: string) => Buffer.from(`${header}Subject: x\r\n\r\nDelivered-To: text@corp.example\r\n`);

describe('the envelope of a message in a mailbox', () => {
  it.each([
    ['a fixed recipient', '', 'Amina@corp.example', { from: null, to: 'amina@corp.example' }],
    [
      'header fields',
      'Return-Path: <Otto@outside.example>\r\nDelivered-To: amina@corp.example\r\n',
      'Delivered-To',
      { from: 'otto@outside.example', to: 'amina@corp.example' },
    ],
    [
      'the null sender',
      'Return-Path: <>\r\nX-Original-To: <amina@corp.example>\r\n',
      'X-Original-To',
      { from: null, to: 'amina@corp.example' },
    ],
    [
      'no recipient',
      'Return-Path: <otto@outside.example>\r\n',
      'Delivered-To',
      { from: 'otto@outside.example', to: null },
    ],
    [
      'the first of several recipients, which the last server wrote',
      'Delivered-To: amina@corp.example\r\nDelivered-To: list@outside.example\r\n',
      'Delivered-To',
      { from: null, to: 'amina@corp.example' },
    ],
  ])('comes from %s', (_what, header, recipient, expected) => {
    expect(envelopeIn(message(header), recipient)).toEqual(expected);
  });
});
