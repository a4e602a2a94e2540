/** Form field for the value of a setting. The catalog determines which kind of field it is. */
import { NumberInput, Select, TagsInput, Textarea, TextInput } from '@mantine/core';
import { CATALOG, choicesOf, type SettingId } from '../../../shared/policy/catalog.ts';
import { ConnectionsField, NEW_CONNECTIONS } from './connections-field.tsx';
import { FilesField } from './files-field.tsx';
import { INITIAL_PASSCODE, PasscodeField } from './passcode-field.tsx';

interface FieldProps {
  readonly setting: SettingId;
  readonly value: unknown;
  /** True after an attempt to save. */
  readonly tried: boolean;
  readonly change: (value: unknown) => void;
}

/** Initial value of a setting that an admin adds to a policy. */
export function initialValue(setting: SettingId): unknown {
  switch (CATALOG[setting].editor) {
    case 'required':
      return true;
    case 'number':
      return 5;
    case 'choice':
      return choicesOf(setting)[0];
    case 'names':
    case 'areas':
    case 'certificates':
      return [];
    case 'files':
      return [{ path: '', text: '', owner: null, mode: '0644', reload: null }];
    case 'connections':
      return NEW_CONNECTIONS;
    case 'versions':
    case 'networks':
      return {};
    case 'passcode':
      return INITIAL_PASSCODE;
    case 'text':
      return '';
  }
}

const NAMES: Partial<Record<SettingId, string>> = {
  'software.required':
    'Names of packages, or ids of applications of flatpak. Add the lowest version if there is one: openssl>=3.0.15. Press Enter after each name.',
  'software.forbidden': 'Names of packages, or ids of applications of flatpak. Press Enter after each name.',
};

export function ValueField({ setting, value, tried, change }: FieldProps) {
  const { editor, title } = CATALOG[setting];
  const label = `${title}: value`;
  switch (editor) {
    case 'required':
      return null;
    case 'number':
      return (
        <NumberInput
          label={label}
          min={1}
          allowDecimal={false}
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => change(typeof next === 'number' ? next : undefined)}
        />
      );
    case 'choice':
      return (
        <Select
          label={label}
          data={[...choicesOf(setting)]}
          allowDeselect={false}
          value={typeof value === 'string' ? value : null}
          onChange={(next) => change(next)}
        />
      );
    case 'text':
      return (
        <TextInput
          label={label}
          value={typeof value === 'string' ? value : ''}
          onChange={({ currentTarget }) => change(currentTarget.value)}
        />
      );
    case 'names':
      return <TagsInput label={label} description={NAMES[setting]} value={textsOf(value)} onChange={change} />;
    case 'areas':
      return (
        <TagsInput
          label={label}
          description="Codes of countries or subdivisions, such as DE or US-CA. Press Enter after each code."
          value={textsOf(value)}
          onChange={(next) => change(next.map((code) => code.toUpperCase()))}
        />
      );
    case 'passcode':
      return <PasscodeField title={title} value={value} change={change} />;
    case 'files':
      return <FilesField label={label} value={value} change={change} />;
    case 'connections':
      return <ConnectionsField label={label} value={value} tried={tried} change={change} />;
    case 'certificates':
      return (
        <Textarea
          label={label}
          description="Certificates in PEM, one below the other."
          autosize
          minRows={4}
          maxRows={16}
          value={textsOf(value).join('\n')}
          onChange={({ currentTarget }) => change(certificatesIn(currentTarget.value))}
        />
      );
    case 'networks':
      return (
        <TagsInput
          label={label}
          description="Type and name of a connection, such as wifi Office. Types: wifi, vpn, wireguard, ethernet. Press Enter after each connection."
          value={pairsOf(value).map((pair) => pair.replace(/^(.*) (\S*)$/, '$2 $1'))}
          onChange={(next) => change(networksOf(next))}
        />
      );
    case 'versions':
      return (
        <TagsInput
          label={label}
          description="System and lowest version, such as debian 12. Press Enter after each system."
          value={pairsOf(value)}
          onChange={(next) => change(versionsOf(next))}
        />
      );
  }
}

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const pairsOf = (value: unknown): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).map(([id, version]) => `${id} ${version}`.trim())
    : [];
/** Splits the text after each certificate. Text outside of certificates is kept, so that the form can report it as an error. */
const certificatesIn = (text: string): string[] =>
  text
    .split(/(?<=-----END CERTIFICATE-----)\s*/)
    .map((each) => (each.endsWith('-----END CERTIFICATE-----') ? `${each.trim()}\n` : each))
    .filter((each) => each !== '');
const networksOf = (entries: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    entries.map((entry) => {
      const [, type = '', name = ''] = /^(\S+)\s*(.*)$/.exec(entry.trim()) ?? [];
      return [name, type.toLowerCase()];
    }),
  );
const versionsOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const [id = '', version = ''] = pair.trim().toLowerCase().split(/\s+/);
      return [id, version];
    }),
  );
