import { Badge } from '@mantine/core';
import type { ScriptVersionView } from '../../../shared/api/scripts.ts';

const NAMES: Readonly<Record<ScriptVersionView['state'], readonly [label: string, color: string]>> = {
  unreviewed: ['Waits for review', 'yellow'],
  reviewed: ['Reviewed', 'green'],
  lapsed: ['Review no longer valid', 'yellow'],
  expired: ['Expired', 'gray'],
  withdrawn: ['Withdrawn', 'gray'],
};

export function VersionState({ state }: { readonly state: ScriptVersionView['state'] }) {
  const [label, color] = NAMES[state];
  return (
    <Badge color={color} variant="light">
      {label}
    </Badge>
  );
}
