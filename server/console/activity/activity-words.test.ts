import { expect, it } from 'vitest';
import { actionName, programName } from './activity-words.ts';

const target = (kind: string, id: string) => ({ kind, id, name: null });

it('names the command of an entry', () => {
  const title = 'Send a command to a device. A repeated request with the same id has no effect';
  const wipe = [target('command-kind', 'wipe-workspace'), target('device', 'dev_1')];
  expect(actionName({ action: 'commands.issue', title, targets: wipe })).toBe('Command “Wipe workspace” to a device');
  expect(actionName({ action: 'commands.issue-many', title, targets: wipe })).toBe(
    'Command “Wipe workspace” to many devices',
  );
  expect(actionName({ action: 'commands.issue', title, targets: [] })).toBe('Send a command to a device');
});

it.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36 Edg/142.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 (KHTML, like Gecko) Version/18 Safari/605.1',
    'Safari on macOS',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36',
    'Chrome on Android',
  ],
  ['cordon/0.2.0', 'cordon/0.2.0'],
])('shortens the program %s', (agent, name) => {
  expect(programName(agent)).toBe(name);
});
