/** Editor of a policy. It creates a policy, or the next version of one. A version has no effect before its rollout. */
import {
  Alert,
  Button,
  Checkbox,
  Fieldset,
  Group,
  List,
  NumberInput,
  Paper,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { policyVersionView, policyView } from '../../../shared/api/policies.ts';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { CATALOG, type Platform, SETTING_IDS, type SettingId } from '../../../shared/policy/catalog.ts';
import { COMPLIANCE_ACTIONS } from '../../../shared/policy/policy-document.ts';
import { call } from '../client/call.ts';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { ACTION_NAMES } from '../words/compliance.ts';
import { contentOf, formOf, NEW_POLICY, type PolicyForm, problemsOf, proposedHours } from './policy-form.ts';
import { policiesQuery, versionsQuery } from './queries.ts';
import { initialValue, ValueField } from './value-field.tsx';

const editRoute = getRouteApi('/policies/$id/edit');

export function NewPolicyPage() {
  return (
    <Page title="Create policy">
      <Editor policy={null} start={NEW_POLICY} />
    </Page>
  );
}

export function EditPolicyPage() {
  const { id } = editRoute.useParams();
  const versions = useQuery(versionsQuery(id));
  return (
    <Page title="Create version of policy">
      <QueryResult query={versions}>
        {({ versions: [newest] }) =>
          newest && (
            <Editor key={newest.version} policy={{ id, version: newest.version }} start={formOf(newest.document)} />
          )
        }
      </QueryResult>
    </Page>
  );
}

interface EditorProps {
  readonly policy: { readonly id: string; readonly version: number } | null;
  readonly start: PolicyForm;
}

function Editor({ policy, start }: EditorProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const [form, setForm] = useState(start);
  const [tried, setTried] = useState(false);
  const problems = [...(policy === null && name.trim() === '' ? ['Give the policy a name.'] : []), ...problemsOf(form)];
  const saving = useMutation({
    mutationFn: async () => {
      const document = contentOf(form);
      if (policy === null) {
        return (await call('POST', '/policies', policyView, { name: name.trim(), document, note: note.trim() })).id;
      }
      const body = { after: policy.version, document, note: note.trim() };
      await call('POST', `/policies/${policy.id}/versions`, policyVersionView, body);
      return policy.id;
    },
    onSuccess: async (id) => {
      await client.invalidateQueries({ queryKey: policiesQuery.queryKey.slice(0, 1) });
      await navigate({ to: '/policies/$id', params: { id } });
    },
  });
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (problems.length === 0) saving.mutate();
      }}
    >
      <Stack maw={760}>
        {policy === null && (
          <TextInput
            label="Name"
            dir="auto"
            required
            maxLength={120}
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
        )}
        <SettingFields form={form} tried={tried} change={setForm} />
        <RuleFields form={form} change={setForm} />
        <Textarea
          label="Note"
          description="Reason for this version, for other admins."
          dir="auto"
          maxLength={500}
          autosize
          minRows={2}
          value={note}
          onChange={({ currentTarget }) => setNote(currentTarget.value)}
        />
        {tried && problems.length > 0 && (
          <Alert color="red" title="Correct these entries first" role="alert">
            <List size="sm">
              {problems.map((problem) => (
                <List.Item key={problem}>{problem}</List.Item>
              ))}
            </List>
          </Alert>
        )}
        {saving.isError && <Failure error={saving.error} />}
        <Group>
          <Button type="submit" loading={saving.isPending}>
            {policy === null ? 'Create policy' : `Create version ${policy.version + 1}`}
          </Button>
          <ButtonLink
            variant="default"
            {...(policy ? { to: '/policies/$id', params: { id: policy.id } } : { to: '/policies' })}
          >
            Cancel
          </ButtonLink>
        </Group>
      </Stack>
    </form>
  );
}

const PLATFORM_NAMES: Readonly<Record<Platform, string>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

interface FieldsProps {
  readonly form: PolicyForm;
  readonly change: (form: PolicyForm) => void;
}

function SettingFields({ form, tried, change }: FieldsProps & { readonly tried: boolean }) {
  const set = (id: SettingId, value: unknown) => change({ ...form, settings: { ...form.settings, [id]: value } });
  const remove = (id: SettingId) => {
    const { [id]: _removed, ...settings } = form.settings;
    change({ ...form, settings });
  };
  return (
    <Section title="Settings">
      <Text size="sm" c="dimmed">
        Every device checks the settings. A device with the system helper also applies some of them, if the owner of the
        device permits it.
      </Text>
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
        {SETTING_IDS.map((id) => {
          const { title, meaning, platforms, apply } = CATALOG[id];
          const isManaged = id in form.settings;
          return (
            <Paper key={id} component="li" withBorder p="md">
              <Stack gap="xs">
                <Checkbox
                  label={title}
                  description={`${meaning} ${apply ?? 'The agent only checks it.'} ${platforms.map((each) => PLATFORM_NAMES[each]).join(', ')}.`}
                  checked={isManaged}
                  onChange={({ currentTarget }) => (currentTarget.checked ? set(id, initialValue(id)) : remove(id))}
                />
                {isManaged && (
                  <ValueField setting={id} value={form.settings[id]} tried={tried} change={(value) => set(id, value)} />
                )}
              </Stack>
            </Paper>
          );
        })}
      </Stack>
    </Section>
  );
}

function RuleFields({ form, change }: FieldsProps) {
  return (
    <Section title="If a device does not comply">
      <NumberInput
        label="Grace period in hours"
        description="Counted from the first failed check. Until its end, the device counts as in grace."
        min={0}
        max={2160}
        allowDecimal={false}
        value={form.graceHours}
        onChange={(hours) => change({ ...form, graceHours: Number(hours) })}
      />
      <Fieldset legend="Actions, each some hours after the first failed check">
        <Stack>
          {COMPLIANCE_ACTIONS.map((action) => {
            const hours = form.hours[action];
            const set = (next: number | null) => change({ ...form, hours: { ...form.hours, [action]: next } });
            return (
              <Group key={action} align="flex-end">
                <Checkbox
                  label={ACTION_NAMES[action]}
                  checked={hours !== null}
                  onChange={({ currentTarget }) => set(currentTarget.checked ? proposedHours(form, action) : null)}
                  style={{ flex: '1 1 12rem' }}
                />
                {hours !== null && (
                  <NumberInput
                    label={`${ACTION_NAMES[action]}: hours`}
                    min={0}
                    max={2160}
                    allowDecimal={false}
                    value={hours}
                    onChange={(next) => set(Number(next))}
                  />
                )}
              </Group>
            );
          })}
          <Text size="sm" c="dimmed">
            When the device complies again, the server ends the restriction and unlocks the workspace. A wipe cannot be
            reversed. Two people must confirm a policy that can wipe workspaces.
          </Text>
        </Stack>
      </Fieldset>
    </Section>
  );
}
