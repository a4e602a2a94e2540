/** Editor of the network connections of a policy. */
import { Button, Checkbox, Fieldset, Group, NumberInput, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import {
  METERED,
  NETWORK_TYPES,
  type NetworkConnection,
  type NetworkType,
  networkConnectionsSchema,
  TYPE_NAMES,
  VPN_KEYS,
  VPN_SERVICES,
  WIFI_SECURITY,
} from '../../../shared/policy/network-connections.ts';
import { EapFields, NEW_EAP } from './eap-fields.tsx';
import { type FieldErrors, fieldErrors } from './field-errors.ts';

type Of<Type extends NetworkType> = Extract<NetworkConnection, { type: Type }>;
type Peer = Of<'wireguard'>['peers'][number];

const USE = { autoconnect: true, priority: 0, metered: 'automatic' } as const;
const NEW_PEER: Peer = { publicKey: '', endpoint: '', allowedIps: [], keepalive: 25 };

/** Fields of a connection before the admin fills them in. They become valid only then. */
function newConnection(type: NetworkType, name: string): NetworkConnection {
  switch (type) {
    case 'wifi':
      return { type, name, ...USE, ssid: '', hidden: false, security: { kind: 'wpa-personal' } };
    case 'ethernet':
      return { type, name, ...USE, eap: NEW_EAP };
    case 'vpn':
      return { type, name, service: 'openvpn', data: { remote: '' } };
    case 'wireguard':
      return { type, name, ...USE, addresses: [], dns: [], peers: [NEW_PEER] };
  }
}

export const NEW_CONNECTIONS: readonly NetworkConnection[] = [newConnection('wifi', '')];

/** `tried`: true after an attempt to save, so that empty fields show their errors too. */
export function ConnectionsField({
  label,
  value,
  tried,
  change,
}: {
  readonly label: string;
  readonly value: unknown;
  readonly tried: boolean;
  readonly change: (value: unknown) => void;
}) {
  const connections = Array.isArray(value) ? (value as readonly NetworkConnection[]) : [];
  const errors = fieldErrors(networkConnectionsSchema, connections, tried);
  return (
    <Stack gap="sm">
      {connections.map((connection, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the name changes while the admin writes it
        <Fieldset key={index} legend={`${label}, connection ${index + 1}`}>
          <Stack gap="xs">
            <ConnectionFields
              connection={connection}
              errors={errors.below(index)}
              change={(next) => change(connections.map((each, at) => (at === index ? next : each)))}
            />
            {connections.length > 1 && (
              <SmallButton
                name={`Remove connection ${index + 1}`}
                act={() => change(connections.filter((_, at) => at !== index))}
              />
            )}
          </Stack>
        </Fieldset>
      ))}
      {connections.length < 16 && (
        <SmallButton name="Add connection" act={() => change([...connections, newConnection('wifi', '')])} />
      )}
    </Stack>
  );
}

export interface ConnectionFieldProps<Type extends NetworkType = NetworkType> {
  readonly connection: Of<Type>;
  readonly errors: FieldErrors;
  readonly change: (connection: NetworkConnection) => void;
}

function ConnectionFields({ connection, errors, change }: ConnectionFieldProps) {
  return (
    <>
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <TextInput
          label="Name"
          maxLength={64}
          description="As NetworkManager shows it to the user"
          dir="auto"
          required
          miw="12rem"
          value={connection.name}
          error={errors.at('name')}
          onChange={({ currentTarget }) => change({ ...connection, name: currentTarget.value })}
        />
        <Select
          label="Type"
          description="Kind of network"
          miw="12rem"
          allowDeselect={false}
          data={NETWORK_TYPES.map((type) => ({ value: type, label: TYPE_NAMES[type] }))}
          value={connection.type}
          onChange={(type) => change(newConnection(typeOf(type), connection.name))}
        />
      </Group>
      {connection.type === 'wifi' && <WifiFields connection={connection} errors={errors} change={change} />}
      {connection.type === 'ethernet' && (
        <EapFields eap={connection.eap} errors={errors.below('eap')} change={(eap) => change({ ...connection, eap })} />
      )}
      {connection.type === 'vpn' && <VpnFields connection={connection} errors={errors} change={change} />}
      {connection.type === 'wireguard' && <WireguardFields connection={connection} errors={errors} change={change} />}
      {connection.type !== 'vpn' && <UseFields connection={connection} errors={errors} change={change} />}
    </>
  );
}

function WifiFields({ connection, errors, change }: ConnectionFieldProps<'wifi'>) {
  const { ssid, hidden, security } = connection;
  return (
    <>
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <TextInput
          label="Network (SSID)"
          maxLength={32}
          dir="auto"
          required
          miw="12rem"
          value={ssid}
          error={errors.at('ssid')}
          onChange={({ currentTarget }) => change({ ...connection, ssid: currentTarget.value })}
        />
        <Select
          label="Security"
          miw="12rem"
          allowDeselect={false}
          data={WIFI_SECURITY.map((kind) => ({ value: kind, label: SECURITY_NAMES[kind] }))}
          value={security.kind}
          onChange={(kind) => change({ ...connection, security: newSecurity(kind) })}
        />
      </Group>
      <Checkbox
        label="The network does not send its name (hidden)"
        checked={hidden}
        onChange={({ currentTarget }) => change({ ...connection, hidden: currentTarget.checked })}
      />
      {security.kind === 'wpa-enterprise' && (
        <EapFields
          eap={security.eap}
          errors={errors.below('security', 'eap')}
          change={(eap) => change({ ...connection, security: { kind: 'wpa-enterprise', eap } })}
        />
      )}
    </>
  );
}

const SECURITY_NAMES: Readonly<Record<(typeof WIFI_SECURITY)[number], string>> = {
  open: 'Open network',
  'wpa-personal': 'WPA personal: the user enters the password',
  'wpa-enterprise': 'WPA enterprise (802.1X)',
};

function newSecurity(kind: string | null): Of<'wifi'>['security'] {
  if (kind === 'open' || kind === 'wpa-personal') return { kind };
  return { kind: 'wpa-enterprise', eap: NEW_EAP };
}

const typeOf = (text: string | null): NetworkType => NETWORK_TYPES.find((type) => type === text) ?? 'wifi';

function VpnFields({ connection, errors, change }: ConnectionFieldProps<'vpn'>) {
  const { service, data } = connection;
  const entries = Object.entries(data);
  const set = (next: readonly (readonly [string, string])[]) =>
    change({ ...connection, data: Object.fromEntries(next) });
  const unused = VPN_KEYS[service].filter((key) => data[key] === undefined);
  return (
    <>
      <Select
        label="Plugin"
        description="Plugin of NetworkManager that the device needs. The user enters the password."
        allowDeselect={false}
        data={[...VPN_SERVICES]}
        value={service}
        error={errors.exactly('data')}
        onChange={(next) =>
          change(
            next === 'strongswan'
              ? { ...connection, service: 'strongswan', data: { address: '' } }
              : { ...connection, service: 'openvpn', data: { remote: '' } },
          )
        }
      />
      {entries.map(([key, text], index) => (
        <Group key={key} align="flex-start" grow preventGrowOverflow={false}>
          <Select
            label={`Key ${index + 1}`}
            miw="8rem"
            allowDeselect={false}
            data={[key, ...unused]}
            value={key}
            onChange={(next) => set(entries.map((each, at) => (at === index && next ? [next, text] : each)))}
          />
          <TextInput
            label={`Value of ${key}`}
            maxLength={255}
            required
            miw="12rem"
            value={text}
            error={errors.at('data', key)}
            onChange={({ currentTarget }) =>
              set(entries.map((each, at) => (at === index ? [key, currentTarget.value] : each)))
            }
          />
          {entries.length > 1 && (
            <SmallButton
              name={`Remove ${key}`}
              isBesideField
              act={() => set(entries.filter((_, at) => at !== index))}
            />
          )}
        </Group>
      ))}
      {unused[0] !== undefined && <SmallButton name="Add value" act={() => set([...entries, [unused[0] ?? '', '']])} />}
    </>
  );
}

function WireguardFields({ connection, errors, change }: ConnectionFieldProps<'wireguard'>) {
  const { addresses, dns, peers } = connection;
  const setPeer = (at: number, more: Partial<Peer>) =>
    change({ ...connection, peers: peers.map((peer, index) => (index === at ? { ...peer, ...more } : peer)) });
  return (
    <>
      <TagsInput
        label="Addresses of the device"
        maxTags={4}
        description="With a prefix length, such as 10.1.0.2/32. Press Enter after each address. Every device of the policy gets the same addresses."
        required
        value={addresses}
        error={errors.at('addresses')}
        onChange={(next) => change({ ...connection, addresses: next })}
      />
      <TagsInput
        label="DNS servers"
        maxTags={4}
        description="Press Enter after each address. Empty: none."
        value={dns}
        error={errors.at('dns')}
        onChange={(next) => change({ ...connection, dns: next })}
      />
      {peers.map((peer, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the key changes while the admin writes it
        <Fieldset key={index} legend={`Peer ${index + 1}`}>
          <Stack gap="xs">
            <TextInput
              label="Public key of the peer"
              maxLength={44}
              required
              value={peer.publicKey}
              error={errors.at('peers', index, 'publicKey')}
              onChange={({ currentTarget }) => setPeer(index, { publicKey: currentTarget.value })}
            />
            <TextInput
              label="Endpoint"
              maxLength={260}
              description="Host and port, such as vpn.example.org:51820"
              required
              value={peer.endpoint}
              error={errors.at('peers', index, 'endpoint')}
              onChange={({ currentTarget }) => setPeer(index, { endpoint: currentTarget.value })}
            />
            <TagsInput
              label="Networks behind the peer"
              maxTags={32}
              description="Such as 10.0.0.0/8. Press Enter after each network."
              required
              value={peer.allowedIps}
              error={errors.at('peers', index, 'allowedIps')}
              onChange={(next) => setPeer(index, { allowedIps: next })}
            />
            <NumberInput
              label="Keepalive in seconds"
              description="0: none"
              min={0}
              max={65_535}
              allowDecimal={false}
              value={peer.keepalive}
              error={errors.at('peers', index, 'keepalive')}
              onChange={(next) => setPeer(index, { keepalive: Number(next) })}
            />
            {peers.length > 1 && (
              <SmallButton
                name={`Remove peer ${index + 1}`}
                act={() => change({ ...connection, peers: peers.filter((_, at) => at !== index) })}
              />
            )}
          </Stack>
        </Fieldset>
      ))}
      {peers.length < 4 && (
        <SmallButton name="Add peer" act={() => change({ ...connection, peers: [...peers, NEW_PEER] })} />
      )}
    </>
  );
}

function UseFields({ connection, errors, change }: ConnectionFieldProps<Exclude<NetworkType, 'vpn'>>) {
  return (
    <>
      <Checkbox
        label="Connect automatically"
        checked={connection.autoconnect}
        onChange={({ currentTarget }) => change({ ...connection, autoconnect: currentTarget.checked })}
      />
      <Group grow align="flex-start" preventGrowOverflow={false}>
        <NumberInput
          label="Priority"
          description="The highest number wins."
          min={-999}
          max={999}
          allowDecimal={false}
          miw="12rem"
          value={connection.priority}
          error={errors.at('priority')}
          onChange={(next) => change({ ...connection, priority: Number(next) })}
        />
        <Select
          label="Metered"
          description="Metered connections save data."
          allowDeselect={false}
          miw="12rem"
          data={METERED.map((each) => ({ value: each, label: METERED_NAMES[each] }))}
          value={connection.metered}
          onChange={(next) => change({ ...connection, metered: METERED.find((each) => each === next) ?? 'automatic' })}
        />
      </Group>
    </>
  );
}

const METERED_NAMES: Readonly<Record<(typeof METERED)[number], string>> = {
  automatic: 'Automatic',
  yes: 'Yes',
  no: 'No',
};

interface SmallButtonProps {
  readonly name: string;
  /** True for a button in a row with fields, which begin with their labels. */
  readonly isBesideField?: boolean;
  readonly act: () => void;
}

function SmallButton({ name, isBesideField = false, act }: SmallButtonProps) {
  return (
    <Button
      variant="default"
      size="xs"
      mt={isBesideField ? { base: 0, sm: '1.75rem' } : 0}
      style={{ alignSelf: 'flex-start', flexGrow: 0 }}
      onClick={act}
    >
      {name}
    </Button>
  );
}
