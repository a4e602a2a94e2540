import { describe, expect, it } from 'vitest';
import { type Profile, topFunctions } from './profile.ts';

const frame = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber });

describe('the table of a profile', () => {
  const profile: Profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('writev') },
      { id: 3, callFrame: frame('read', `${new URL('../../shared/a.ts', import.meta.url)}`, 9) },
      { id: 4, callFrame: frame('read', `${new URL('../../shared/a.ts', import.meta.url)}`, 9) },
      { id: 5, callFrame: frame('', `${new URL('../../node_modules/ws/lib/b.js', import.meta.url)}`, 0) },
    ],
    samples: [1, 2, 3, 4, 5, 2],
    timeDeltas: [900, 10, 40, 20, 10, 20],
  };

  it('adds up the callers of a function, names its place, and leaves out idle time', () => {
    expect(topFunctions(profile)).toEqual([
      { name: 'read shared/a.ts:10', share: 0.6 },
      { name: 'writev', share: 0.3 },
      { name: '(anonymous) ws/lib/b.js:1', share: 0.1 },
    ]);
  });

  it('has at most the requested number of rows', () => {
    expect(topFunctions(profile, 1)).toEqual([{ name: 'read shared/a.ts:10', share: 0.6 }]);
  });
});
