import { expect, it } from 'vitest';
import { packagesOf } from './update-found.tsx';

it('updates each package once, without its version', () => {
  const at = (...versions: string[]) => ({ device: 'dev_1', user: 'Ada', hostname: null, versions });
  expect(packagesOf([at('openssl 3.0.1-1', 'libssl3 3.0.1-1'), at('openssl 3.0.2-1')])).toEqual(['libssl3', 'openssl']);
});
