/** Dialog that runs a reviewed version on a group or on all devices, as a job. */
import { Text } from '@mantine/core';
import { useState } from 'react';
import type { ScriptVersionView, ScriptView } from '../../../shared/api/scripts.ts';
import { ArgumentsField, scriptCommandOf } from '../devices/commands/script-fields.tsx';
import { GroupJobDialog } from '../jobs/group-job-dialog.tsx';

export function RunDialog({
  script,
  version: { version, arguments: declared },
  opened,
  close,
}: {
  readonly script: ScriptView;
  readonly version: ScriptVersionView;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  const [args, setArgs] = useState('');
  return (
    <GroupJobDialog
      title={`Run version ${version} of ${script.name}`}
      opened={opened}
      close={close}
      kind="run-script"
      name={script.name}
      command={scriptCommandOf({ script: script.id, version, args })}
      effect={<Text size="sm">The users of the devices see that the script ran, and who reviewed it.</Text>}
    >
      <ArgumentsField declared={declared} args={args} change={setArgs} />
    </GroupJobDialog>
  );
}
