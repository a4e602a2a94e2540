/** Field of a command that installs a package of the organization. */
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { PackageView } from '../../../../shared/api/packages.ts';
import type { Command } from '../../../../shared/protocol/frames.ts';
import { packagesQuery } from '../../software/queries.ts';

export interface PackageDraft {
  /** Signed statement about the package; null before the choice. */
  readonly envelope: PackageView['envelope'];
  readonly sha256: string | null;
  /** Id of the change. Another package gets a new id. */
  readonly change: string;
}

export const newPackage = (): PackageDraft => ({ envelope: null, sha256: null, change: crypto.randomUUID() });

/** Command of the draft; null while no package is chosen. */
export const packageCommandOf = ({ envelope, change }: PackageDraft): Command | null =>
  envelope && { kind: 'install-package', change, envelope };

export function PackageFields({
  draft,
  change,
}: {
  readonly draft: PackageDraft;
  readonly change: (draft: PackageDraft) => void;
}) {
  const query = useQuery(packagesQuery);
  const signed = query.data?.packages.filter(({ signedBy }) => signedBy !== null) ?? [];
  return (
    <Select
      label="Package"
      placeholder="Choose a signed package"
      description="The page Software has the packages of your organization."
      required
      searchable
      data={signed.map(({ sha256, name, version, architecture }) => ({
        value: sha256,
        label: `${name} ${version} (${architecture})`,
      }))}
      error={query.data && signed.length === 0 && 'There is no signed package. Upload one on the page Software.'}
      value={draft.sha256}
      onChange={(sha256) => {
        const chosen = signed.find((one) => one.sha256 === sha256);
        change({ ...newPackage(), sha256, envelope: chosen?.envelope ?? null });
      }}
    />
  );
}
