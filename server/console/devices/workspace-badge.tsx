import { Badge } from '@mantine/core';
import type { DeviceView } from '../../../shared/api/devices.ts';
import { WORKSPACE_BADGES } from './workspace-words.ts';

export function WorkspaceBadge({
  state,
  ...badgeProps
}: {
  readonly state: DeviceView['workspace']['state'];
  readonly size?: 'sm';
  readonly className?: string | undefined;
}) {
  if (state === 'open') return null;
  const { label, fact, color } = WORKSPACE_BADGES[state];
  return (
    <Badge color={color} {...badgeProps}>
      {label === fact ? label : <span title={fact}>{label}</span>}
    </Badge>
  );
}
