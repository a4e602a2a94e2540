/** Fields of a change of software: what to do, and with which packages. */
import { Radio, Select, Stack, Textarea } from '@mantine/core';
import type { Command } from '../../../../shared/protocol/frames.ts';
import {
  MOST_PACKAGES,
  type PackageManagerName,
  type SoftwareAction,
  wantedPackageSchema,
} from '../../../../shared/software/software-change.ts';

export interface SoftwareDraft {
  readonly manager: PackageManagerName;
  readonly action: SoftwareAction;
  /** Packages as the admin types them, such as `openssl, curl=8.5.0-2`. */
  readonly packages: string;
  /** Id of the change; null before the first input. If the admin changes an input, the change gets a new id. */
  readonly change: string | null;
}

export const NO_SOFTWARE: SoftwareDraft = { manager: 'apt', action: 'install', packages: '', change: null };

const ACTIONS: readonly { readonly value: SoftwareAction; readonly label: string; readonly description: string }[] = [
  {
    value: 'install',
    label: 'Install',
    description: 'Devices that have the package keep their version, unless you type another version.',
  },
  { value: 'update', label: 'Update', description: 'Devices without the package stay unchanged.' },
  { value: 'remove', label: 'Remove', description: 'The configuration files of the package stay on the device.' },
];

const MANAGERS: { readonly value: PackageManagerName; readonly label: string }[] = [
  { value: 'apt', label: 'apt (Debian, Ubuntu)' },
  { value: 'dnf', label: 'dnf 4 (RHEL, Rocky Linux, AlmaLinux)' },
  { value: 'flatpak', label: 'flatpak 1.16 (applications)' },
];

const PACKAGE_HELP =
  'Names of packages, such as openssl, curl. Type openssl=3.0.15-1 for a certain version, also an earlier one.';
const FLATPAK_HELP =
  'Ids of applications, such as org.gnome.Maps. For a certain version, type = and the complete commit after the id.';

const partsOf = (text: string): string[] => text.split(/[\s,]+/).filter((part) => part !== '');

/** Command of the draft; null while the packages are not valid. */
export function softwareCommandOf({ manager, action, packages, change }: SoftwareDraft): Command | null {
  const parts = partsOf(packages);
  if (parts.length === 0 || parts.length > MOST_PACKAGES || change === null) return null;
  const wanted = parts.flatMap((part) => {
    const [name = '', version] = part.split('=', 2);
    const parsed = wantedPackageSchema.safeParse({ name, ...(version !== undefined && { version }) });
    return parsed.success ? [parsed.data] : [];
  });
  if (wanted.length < parts.length) return null;
  return { kind: 'change-software', change, manager, action, packages: wanted };
}

export function SoftwareFields({
  draft,
  change,
}: {
  readonly draft: SoftwareDraft;
  readonly change: (draft: SoftwareDraft) => void;
}) {
  const set = (next: Partial<SoftwareDraft>) => change({ ...draft, ...next, change: crypto.randomUUID() });
  const invalid = draft.packages.trim() !== '' && softwareCommandOf(draft) === null;
  return (
    <Stack gap="sm">
      <Radio.Group
        label="Action"
        value={draft.action}
        onChange={(value) => {
          const action = ACTIONS.find((each) => each.value === value);
          if (action) set({ action: action.value });
        }}
      >
        <Stack gap={6} mt={4}>
          {ACTIONS.map((action) => (
            <Radio key={action.value} {...action} />
          ))}
        </Stack>
      </Radio.Group>
      <Select
        label="Package manager"
        description="Devices with another package manager report that they do not support it."
        data={MANAGERS}
        allowDeselect={false}
        value={draft.manager}
        onChange={(value) => {
          const manager = MANAGERS.find((each) => each.value === value);
          if (manager) set({ manager: manager.value });
        }}
      />
      <Textarea
        label="Packages"
        description={draft.manager === 'flatpak' ? FLATPAK_HELP : PACKAGE_HELP}
        required
        autosize
        minRows={1}
        maxRows={6}
        maxLength={4000}
        spellCheck={false}
        data-autofocus
        value={draft.packages}
        error={invalid && `Type 1 to ${MOST_PACKAGES} names of packages, separated by spaces or commas`}
        onChange={({ currentTarget }) => set({ packages: currentTarget.value })}
      />
    </Stack>
  );
}
