import { expect, it } from 'vitest';
import { readFragment } from './read-fragment.ts';

it.each([
  ['#invitation=abc_D-1', { kind: 'invitation', value: 'abc_D-1' }],
  ['#first-owner&invitation=abc', { kind: 'first-owner', value: 'abc' }],
  ['#demo=ticket', { kind: 'demo', value: 'ticket' }],
  ['#invitation=', null],
  ['#main', null],
  ['', null],
])('reads %s', (hash, secret) => expect(readFragment(hash)).toEqual(secret));
