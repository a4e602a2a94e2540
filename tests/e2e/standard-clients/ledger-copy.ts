/** Tests of the ledger's copy: `cordon ledger` verifies it offline, and so does Go's checksum database, which knows nothing of Cordon. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointView } from '../../../shared/api/ledger.ts';
import { EXIT } from '../../../shared/exit-codes.ts';
import { openCheckpoint } from '../../../shared/ledger/checkpoint.ts';
import { consistencyProof, inclusionProof, rootOf } from '../../../shared/ledger/merkle.ts';
import { parseVerifierKey } from '../../../shared/ledger/signed-note.ts';
import { decodeBundle, hashesFromTiles, tilePath, tilesOf } from '../../../shared/ledger/tiles.ts';
import type { AdminCli } from '../../support/admin-cli.ts';
import type { World } from '../../support/e2e-world.ts';
import { runProgram } from '../../support/run-program.ts';
import { needed, tool } from '../../support/tools.ts';

const GOPATH = '/usr/share/gocode';
const go = tool('go', 'apt install golang-go');
const sumdb = needed(
  "Go's sumdb packages",
  'apt install golang-golang-x-mod-dev',
  statSync(join(GOPATH, 'src/golang.org/x/mod/sumdb'), { throwIfNoEntry: false }) !== undefined,
);

export interface LedgerReader {
  readonly world: World;
  readonly cordon: AdminCli;
  /** Folder with the server's root certificate, `root.pem`. */
  readonly folder: string;
}

export function ledgerCopy(opened: () => LedgerReader): void {
  describe('the ledger’s copy', () => {
    const copyIn = (folder: string) => join(folder, 'ledger');
    const download = () => {
      const { world, cordon, folder } = opened();
      return cordon([
        'ledger',
        'copy',
        world.server.public,
        copyIn(folder),
        '--ca',
        join(folder, 'root.pem'),
        '--json',
      ]);
    };

    it('is downloaded, verified offline, extended by a later copy, and a tampered copy is refused in one line', async () => {
      const { world, cordon, folder } = opened();
      const copy = copyIn(folder);
      expect(await download()).toMatchObject({ code: 0, err: '' });
      await world.enrolled();
      const second = await download();
      expect(second).toMatchObject({ code: 0, err: '' });
      expect(JSON.parse(second.out).extends).toBeGreaterThan(0);
      const { key } = checkpointView.parse(await cordon.json(['ledger', 'checkpoint']));
      const offline = { env: { CORDON_SERVER: 'http://127.0.0.1:9', CORDON_TOKEN: undefined } };
      const verify = (from: string) => cordon(['ledger', 'verify', from, '--key', key], offline);
      expect(await verify(copy)).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringContaining('with the given key'),
      });

      const note = readFileSync(join(copy, 'checkpoint'), 'utf8');
      const { size } = await openCheckpoint(note, await parseVerifierKey(key));
      const entries = tilesOf(size).find(({ level }) => level === 'entries');
      for (const [name, change] of [
        [
          entries ? tilePath(entries) : '',
          (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('certificate', 'certificatf'), 'latin1'),
        ],
        [
          'checkpoint',
          (bytes: Buffer) => Buffer.from(bytes.toString('utf8').replace(`\n${size}\n`, `\n${size - 1}\n`)),
        ],
        ['checkpoint', (bytes: Buffer) => Buffer.from(bytes.toString('utf8').replace(/— (\S+) ..../, '— $1 AAAA'))],
      ] as const) {
        const forged = mkdtempSync(join(folder, 'forged-'));
        cpSync(copy, forged, { recursive: true });
        const before = readFileSync(join(forged, name));
        writeFileSync(join(forged, name), change(before));
        expect(readFileSync(join(forged, name)).equals(before)).toBe(false);
        const { code, out, err } = await verify(forged);
        expect({ code, out, lines: err.trim().split('\n').length }).toEqual({
          code: EXIT.unverified,
          out: '',
          lines: 1,
        });
        expect(err).toMatch(/\[(checkpoint_invalid|proof_invalid|document_malformed)\]/);
      }
    }, 60_000);

    it.skipIf(!go.present || !sumdb.present)(
      'is verified by Go’s checksum database: checkpoint, inclusion, consistency',
      async () => {
        const { cordon, folder } = opened();
        const copy = copyIn(folder);
        await download();
        const { key } = checkpointView.parse(await cordon.json(['ledger', 'checkpoint']));
        const read = (name: string) => readFileSync(join(copy, name));
        const note = read('checkpoint').toString('utf8');
        const verifier = await parseVerifierKey(key);
        const { size, root } = await openCheckpoint(note, verifier);
        const older = read('checkpoint.previous').toString('utf8');
        const before = await openCheckpoint(older, verifier);
        const entries = [...tilesOf(size)].flatMap((tile) =>
          tile.level === 'entries' ? decodeBundle(read(tilePath(tile)), tile.width) : [],
        );
        // Proofs that we compute from the downloaded tiles alone.
        const source = hashesFromTiles(size, async (path) => read(path));
        expect((await rootOf(size, source)).equals(root)).toBe(true);
        copyFileSync(join(import.meta.dirname, '../../vectors/ledger-check.go.txt'), join(folder, 'check.go'));
        const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOFLAGS: '' };
        execFileSync('go', ['build', '-o', 'check', 'check.go'], { cwd: folder, env, stdio: 'pipe' });
        const base64 = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'));
        const index = 1;
        const document = {
          VerifierKey: key,
          Index: index,
          Entry: entries[index]?.toString('utf8'),
          Older: { Note: older, Size: before.size, Root: before.root.toBase64() },
          Newer: {
            Note: note,
            Size: size,
            Root: root.toBase64(),
            Inclusion: base64(await inclusionProof(index, size, source)),
            Consistency: base64(await consistencyProof(before.size, size, source)),
          },
        };
        const check = (input: object) => runProgram(join(folder, 'check'), [], { input: JSON.stringify(input) });
        expect(await check(document)).toMatchObject({ code: 0, out: 'checked\n' });
        expect(await check({ ...document, Index: 0 })).toMatchObject({
          code: 1,
          err: expect.stringContaining('inclusion'),
        });
      },
      120_000,
    );
  });
}
