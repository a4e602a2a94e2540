/** Text of a version, or its difference to an earlier version. */
import { Box, Stack, Text } from '@mantine/core';
import type { ScriptVersionView } from '../../../shared/api/scripts.ts';
import { type Line, lineDifference } from './line-difference.ts';

const SIGNS: Readonly<Record<Line['kind'], string>> = { same: ' ', added: '+', removed: '-' };
const COLORS: Readonly<Record<Line['kind'], string | undefined>> = {
  same: undefined,
  added: 'var(--mantine-color-green-light)',
  removed: 'var(--mantine-color-red-light)',
};

/** Text of a script version. `before`: version with which the text is compared; null to show the text alone. */
export function VersionText({
  version: { version, text },
  before,
}: {
  readonly version: ScriptVersionView;
  readonly before: ScriptVersionView | null;
}) {
  const lines: readonly Line[] = before
    ? lineDifference(before.text, text)
    : text.split('\n').map((line) => ({ kind: 'same', text: line }));
  return (
    <Stack gap="xs">
      {before && (
        <Text size="sm">
          Differences to version {before.version}, the last reviewed one: + added, - removed.
          {before.text === text && ' The text is the same.'}
        </Text>
      )}
      {/* A keyboard must be able to scroll long lines. */}
      <Box
        component="pre"
        tabIndex={0}
        role="region"
        aria-label={`Text of version ${version}`}
        m={0}
        p="xs"
        fz="sm"
        mah={400}
        bd="1px solid var(--mantine-color-default-border)"
        style={{ overflow: 'auto' }}
        dir="ltr"
      >
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other identity, and the list does not change
          <div key={index} style={{ background: COLORS[line.kind], minHeight: '1.2em' }}>
            {before && `${SIGNS[line.kind]} `}
            {visible(line.text)}
          </div>
        ))}
      </Box>
    </Stack>
  );
}

/** Shows characters that could hide or reorder a part of the text (Unicode category Cf, and control characters) as their code points. */
const visible = (line: string): string =>
  line.replaceAll(/[\p{Cf}\p{Cc}\u2028\u2029]/gu, (sign) =>
    sign === '\t' ? sign : `⟨U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  );
