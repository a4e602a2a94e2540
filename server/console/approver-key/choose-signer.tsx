import { Select } from '@mantine/core';
import { useState } from 'react';
import type { OwnSigner } from './use-own-key.ts';

/** Signer that the person has chosen among several keys. Before a choice, the first one. */
export function useChosenSigner(signers: readonly OwnSigner[]) {
  const [keyid, setKeyid] = useState<string | null>(null);
  const chosen = signers.find(({ key }) => key.keyid === keyid) ?? signers[0] ?? null;
  return { chosen, choose: setKeyid };
}

/** Choice of the key that signs. The choice is absent for a person with only one key. */
export function ChooseSigner({
  signers,
  chosen,
  choose,
}: ReturnType<typeof useChosenSigner> & { readonly signers: readonly OwnSigner[] }) {
  if (signers.length < 2) return null;
  return (
    <Select
      label="Sign with"
      allowDeselect={false}
      data={signers.map(({ name, key }) => ({ value: key.keyid, label: name }))}
      value={chosen?.key.keyid ?? null}
      onChange={choose}
    />
  );
}
