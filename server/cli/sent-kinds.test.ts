import { expect, it } from 'vitest';
import { COMMAND_KINDS } from '../../shared/protocol/command-kinds.ts';
import { SENT_KINDS, sentKind } from './sent-kinds.ts';

it('accepts each kind that needs no options of its own', () => {
  expect(SENT_KINDS.map(sentKind)).toEqual(SENT_KINDS);
  expect(SENT_KINDS).toContain('wipe-workspace');
});

it('names the command for each other kind, and the kinds for an unknown one', () => {
  for (const kind of COMMAND_KINDS.filter((each) => !SENT_KINDS.includes(each)))
    expect(() => sentKind(kind)).toThrow(/Use: cordon (files|scripts|packages) /);
  expect(() => sentKind('reboot')).toThrow(/There is no command reboot\. Choose one of: message, /);
});
