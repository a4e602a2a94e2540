/** Fields of the authentication with 802.1X, for Wi-Fi and wired networks. */
import { Group, Select, Textarea, TextInput } from '@mantine/core';
import { EAP_METHODS, type Eap } from '../../../shared/policy/network-connections.ts';
import type { FieldErrors } from './field-errors.ts';

const METHOD_NAMES: Readonly<Record<(typeof EAP_METHODS)[number], string>> = {
  tls: 'EAP-TLS: certificate of the device',
  peap: 'PEAP: the user enters the password',
};

export const NEW_EAP: Eap = {
  method: 'tls',
  domain: '',
  authority: null,
  identity: '{hostname}',
  certificate: '',
  key: '',
};

export function EapFields({
  eap,
  errors,
  change,
}: {
  readonly eap: Eap;
  readonly errors: FieldErrors;
  readonly change: (eap: Eap) => void;
}) {
  const { domain, authority, identity } = eap;
  const setMethod = (method: string | null) =>
    change(
      method === 'peap'
        ? { method, domain, authority, identity, anonymousIdentity: null }
        : { method: 'tls', domain, authority, identity, certificate: '', key: '' },
    );
  return (
    <>
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <Select
          label="Method"
          description="Kind of authentication"
          miw="12rem"
          allowDeselect={false}
          data={EAP_METHODS.map((method) => ({ value: method, label: METHOD_NAMES[method] }))}
          value={eap.method}
          onChange={setMethod}
        />
        <TextInput
          label="Identity"
          maxLength={128}
          description="{hostname}: host name of the device"
          required
          miw="12rem"
          value={identity}
          error={errors.at('identity')}
          onChange={({ currentTarget }) => change({ ...eap, identity: currentTarget.value })}
        />
      </Group>
      <TextInput
        label="Domain of the authentication server"
        maxLength={253}
        description="The name in the certificate of the server must end with this domain."
        required
        value={domain}
        error={errors.at('domain')}
        onChange={({ currentTarget }) => change({ ...eap, domain: currentTarget.value })}
      />
      <Textarea
        label="Certificate authority of the authentication server"
        maxLength={4096}
        description="One certificate in PEM. Empty: the authorities that the system trusts."
        autosize
        minRows={2}
        maxRows={12}
        value={authority ?? ''}
        error={errors.at('authority')}
        onChange={({ currentTarget }) => change({ ...eap, authority: currentTarget.value || null })}
      />
      {eap.method === 'tls' && (
        <Group grow align="flex-start" preventGrowOverflow={false}>
          <TextInput
            label="File of the certificate"
            maxLength={255}
            description="Path on the device"
            required
            miw="12rem"
            value={eap.certificate}
            error={errors.at('certificate')}
            onChange={({ currentTarget }) => change({ ...eap, certificate: currentTarget.value })}
          />
          <TextInput
            label="File of the private key"
            maxLength={255}
            description="Path on the device. The key is not encrypted."
            required
            miw="12rem"
            value={eap.key}
            error={errors.at('key')}
            onChange={({ currentTarget }) => change({ ...eap, key: currentTarget.value })}
          />
        </Group>
      )}
      {eap.method === 'peap' && (
        <TextInput
          label="Anonymous identity"
          maxLength={128}
          description="Sent without encryption. Empty: the identity."
          value={eap.anonymousIdentity ?? ''}
          error={errors.at('anonymousIdentity')}
          onChange={({ currentTarget }) => change({ ...eap, anonymousIdentity: currentTarget.value || null })}
        />
      )}
    </>
  );
}
