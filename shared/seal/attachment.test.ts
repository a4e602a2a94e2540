import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LARGEST_ATTACHMENT } from '../protocol/device-http.ts';
import { openAttachment, sealAttachment } from './attachment.ts';
import { LARGEST_ATTACHED } from './content.ts';

describe('an attachment', () => {
  it('is decrypted unchanged, and has the size of its size class', async () => {
    const bytes = fc.uint8Array({ maxLength: 20_000 });
    await fc.assert(
      fc.asyncProperty(bytes, async (open) => {
        const { sealed, ...handle } = await sealAttachment(open);
        expect(await openAttachment(sealed, handle)).toEqual(open);
        expect([4096, 16_384, 65_536].map((size) => size + 16)).toContain(sealed.length);
      }),
      { numRuns: 40 },
    );
  });

  it('has at most 5 MiB, which the server accepts', async () => {
    const most = new Uint8Array(LARGEST_ATTACHED).fill(7);
    const { sealed, ...handle } = await sealAttachment(most);
    expect(sealed.length).toBeLessThanOrEqual(LARGEST_ATTACHMENT);
    expect((await openAttachment(sealed, handle)).length).toBe(most.length);
    await expect(sealAttachment(new Uint8Array(LARGEST_ATTACHED + 1))).rejects.toMatchObject({ code: 'too_large' });
  });

  it('case 21: is refused when it is truncated, changed, exchanged or of another size', async () => {
    const open = new TextEncoder().encode('the plan');
    const { sealed, ...handle } = await sealAttachment(open);
    const { sealed: other, ...otherHandle } = await sealAttachment(open);
    const flipped = sealed.slice();
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', flipped)).toHex();
    const cases: [Uint8Array, typeof handle][] = [
      [sealed.subarray(1), handle],
      [sealed.subarray(0, -1), handle],
      [new Uint8Array(0), handle],
      [flipped, handle],
      [flipped, { ...handle, sha256 }],
      [other, handle],
      [sealed, { ...handle, id: otherHandle.id }],
      [sealed, { ...handle, key: otherHandle.key }],
      [sealed, { ...handle, key: 'AAAA' }],
      [sealed, { ...handle, size: open.length + 1 }],
    ];
    for (const [bytes, its] of cases) {
      await expect(openAttachment(bytes, its)).rejects.toMatchObject({ code: 'attachment_damaged' });
    }
  });
});
