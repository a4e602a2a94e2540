/** Programs made of other makers' public code: Go's note package, and the witness client and the witness server of sigsum-go. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { needed, tool } from './tools.ts';
import { until } from './until.ts';

const GOPATH = '/usr/share/gocode';
const isThere = (path: string) => statSync(join(GOPATH, 'src', path), { throwIfNoEntry: false }) !== undefined;

export const goWitnesses = {
  present: [
    tool('go', 'apt install golang-go'),
    needed("Go's sumdb packages", 'apt install golang-golang-x-mod-dev', isThere('golang.org/x/mod/sumdb')),
    needed('Go’s package net', 'apt install golang-golang-x-net-dev', isThere('golang.org/x/net/idna')),
    needed('Go’s package text', 'apt install golang-golang-x-text-dev', isThere('golang.org/x/text/unicode/norm')),
    needed('sigsum-go', 'apt install golang-sigsum-sigsum-go-dev', isThere('sigsum.org/sigsum-go/pkg/client')),
    needed(
      'transparency-dev/formats',
      'apt install golang-github-transparency-dev-formats-dev',
      isThere('github.com/transparency-dev/formats/note'),
    ),
  ].every(({ present }) => present),
};

/** Builds the client or the server in the folder, and returns the path of the program. */
export function buildGoWitness(folder: string, what: 'client' | 'server'): string {
  const source = `witness-${what}.go`;
  copyFileSync(join(import.meta.dirname, `../vectors/${source}.txt`), join(folder, source));
  const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOFLAGS: '' };
  execFileSync('go', ['build', '-o', what, source], { cwd: folder, env, stdio: 'pipe' });
  return join(folder, what);
}

/** Starts the witness server of sigsum-go. `addLog` takes the verifier key of the log, whose name is the origin. */
export async function startGoWitness(folder: string) {
  const witness = spawn(buildGoWitness(folder, 'server'), ['sigsum.example.org/w2'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  witness.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [key, url] = await until(() => {
    const [, foundKey, foundUrl] = /^(\S+) (\S+)\n/.exec(output) ?? [];
    if (foundKey === undefined || foundUrl === undefined) throw new Error('the Go witness does not listen');
    return [foundKey, foundUrl] as const;
  });
  return {
    key,
    url,
    addLog: (logKey: string) => void witness.stdin.write(`${logKey}\n`),
    remove: () => void witness.kill('SIGKILL'),
  };
}
