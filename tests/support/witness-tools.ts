/** Programs of other makers for tests of witnesses: Go's note package, the witness client of sigsum-go, and the witness litewitness. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { needed, tool } from './tools.ts';

const GOPATH = '/usr/share/gocode';
const isThere = (path: string) => statSync(join(GOPATH, 'src', path), { throwIfNoEntry: false }) !== undefined;

export const goWitnessClient = {
  present: [
    tool('go', 'apt install golang-go'),
    needed("Go's sumdb packages", 'apt install golang-golang-x-mod-dev', isThere('golang.org/x/mod/sumdb')),
    needed('sigsum-go', 'apt install golang-sigsum-sigsum-go-dev', isThere('sigsum.org/sigsum-go/pkg/client')),
    needed(
      'transparency-dev/formats',
      'apt install golang-github-transparency-dev-formats-dev',
      isThere('github.com/transparency-dev/formats/note'),
    ),
  ].every(({ present }) => present),
};

/** Builds the client in the folder, and returns the path of the program. */
export function buildGoWitnessClient(folder: string): string {
  copyFileSync(join(import.meta.dirname, '../vectors/witness-client.go.txt'), join(folder, 'client.go'));
  const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOFLAGS: '' };
  execFileSync('go', ['build', '-o', 'client', 'client.go'], { cwd: folder, env, stdio: 'pipe' });
  return join(folder, 'client');
}
